// Whose turn it is among former tapes while the database is away: nobody who is configured again, or stopped, waits for the others.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog, systemClock } from '@fxtape/ops';
import { TapeWriter } from '@fxtape/tape';
import { expect, test } from 'vitest';
import { Intake } from './intake/intake.ts';
import { Retirement, type RetireOptions } from './retire.ts';
import { TapeMemory } from './tape/tape-memory.ts';

const log = createLog({ service: 'test', level: 'silent' });
const clock = systemClock();
const never = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));

const formerTape = async (dir: string, account: string): Promise<void> => {
  const memory = new TapeMemory(account);
  const tape = await TapeWriter.open({ dir, account, head: () => memory.save(), clock });
  const intake = new Intake({ tape, memory, clock, log, replayed: false });
  const urls = { restUrl: 'http://127.0.0.1:1', wsUrl: 'ws://127.0.0.1:1' };
  intake.note('bound', { server: 'Demo', login: 1, ...urls });
  intake.configure({ feed: account, replayed: false, streams: [] });
  await tape.close();
};

test('a former account that is configured again has its tape at once, and a stop is as quick', async () => {
  const tapes = mkdtempSync(join(tmpdir(), 'fxtape-retire-'));
  const names = ['a', 'b', 'c', 'd'];
  for (const name of names) await formerTape(join(tapes, name), name);
  const shared = {
    agreed: { us: 0 },
    lease: {
      acquire: (_: unknown, signal: AbortSignal) => never(signal),
      isFree: async () => true,
      release: async () => {},
    },
    clock,
    database: { epoch: new AbortController().signal, ready: never, restored: () => {}, trouble: null },
    inHand: () => ({ maxLines: 1000, maxBytes: 1_000_000 }),
    retentionMs: () => 0,
    troubles: () => 0,
  };
  const retirement = new Retirement({
    shared: shared as Partial<RetireOptions['shared']> as RetireOptions['shared'],
    tapes,
    order: { untilSent: async () => {} },
    ruleOf: () => null,
    log,
  });
  for (const name of names) retirement.add(name);
  const startedMs = performance.now();
  // The first one has its turn, for up to a minute.
  await expect.poll(() => retirement.former.length).toBe(1);
  await retirement.giveBack('d');
  await retirement.stop();
  expect(performance.now() - startedMs).toBeLessThan(20_000);
  rmSync(tapes, { recursive: true });
});
