// A tape is kept small although one of its segments cannot be compressed, and retention waits for no compression.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listSegments, TapeWriter } from '@fxtape/tape';
import { type Log, systemClock } from '@fxtape/ops';
import { afterEach, expect, test, vi } from 'vitest';
import { tidy } from './upkeep.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const DAY_US = 86_400_000_000;
const FIRST_US = Date.UTC(2026, 5, 22, 12) * 1000;

/** A tape with a segment for each of five days, and what tidies it as if the machine's clock stood `days` after the first one. */
async function fiveDays(days: number) {
  const dir = mkdtempSync(join(tmpdir(), 'upkeep-'));
  folders.push(dir);
  const options = { dir, account: 'demo', head: () => null, clock: systemClock() };
  const tape = await TapeWriter.open(options);
  for (let day = 0; day < 5; day++) {
    tape.append([{ conn: 1, recvUs: FIRST_US + day * DAY_US, mark: 'live', frame: '{}' }]);
    await tape.sync();
  }
  const error = vi.fn();
  const nowUs = (): number => FIRST_US + days * DAY_US;
  const run = (o: { applied: number; agreed: number; replayed?: boolean; others?: number }) =>
    tidy({
      dir,
      tape,
      checkpoints: {
        confirmed: {
          position: { segment: FIRST_US + o.applied * DAY_US, offset: 0 },
          ledger: { ledger: null, guard: { delayed: [], agreedUs: FIRST_US + o.agreed * DAY_US } },
          answeredMs: 0,
          witness: null,
        },
      },
      retentionMs: () => 30 * 86_400_000,
      replayed: o.replayed ?? false,
      agreed: { us: o.others === undefined ? 0 : FIRST_US + o.others * DAY_US },
      clock: { ...systemClock(), nowUs, nowMs: () => nowUs() / 1000 },
      log: { error } as unknown as Log,
    });
  const left = async () => (await listSegments(dir)).map(({ segment }) => (segment - FIRST_US) / DAY_US);
  return { dir, tape, error, run, left };
}

test('a segment that cannot be compressed keeps neither the next one nor retention waiting', async () => {
  const { dir, error, left, run, tape } = await fiveDays(31);
  const [first, second] = await listSegments(dir);
  if (first === undefined || second === undefined) throw new Error('no segments');
  // What cannot be read as a file cannot be compressed.
  rmSync(second.path);
  mkdirSync(second.path);
  await run({ applied: 2, agreed: 31 });
  expect(await left()).toEqual([1, 2, 3, 4]);
  expect((await listSegments(dir)).map(({ compressed }) => compressed)).toEqual([false, true, true, false]);
  expect(error.mock.calls).toMatchObject([[{ err: { code: 'TAPE_IO' }, segments: 1 }, expect.any(String)]]);
  await tape.close();
});

test('a machine whose clock is years ahead removes nothing before a clock that runs agreed with it', async () => {
  const { left, run, tape } = await fiveDays(4000);
  await run({ applied: 4, agreed: 4 });
  expect(await left()).toEqual([0, 1, 2, 3, 4]);
  // One account's clock vouches for the machine's, and so for the tapes of all.
  await run({ applied: 4, agreed: 4, others: 32 });
  expect(await left()).toEqual([2, 3, 4]);
  // Of a gateway that plays an old day no clock can agree.
  await run({ applied: 4, agreed: 4, replayed: true });
  expect(await left()).toEqual([4]);
  await tape.close();
});
