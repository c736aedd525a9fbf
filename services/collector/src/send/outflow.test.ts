// Sending that ends with an error: it says so, nothing of it is left unhandled, and when it is begun again no row is missing.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClockSpan, emptyLedger, saveLedger } from '@fxtape/market';
import { createLog, systemClock } from '@fxtape/ops';
import { TapeWriter } from '@fxtape/tape';
import { afterEach, expect, test, vi } from 'vitest';
import { Checkpoints } from './checkpoints.ts';
import { Intake } from '../intake/intake.ts';
import { Outflow, type OutflowOptions } from './outflow.ts';
import { TapeMemory } from '../tape/tape-memory.ts';
import type { Witness } from './witness.ts';

const START_MS = Date.UTC(2026, 5, 24, 12);
const TICKS = 2000;
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** A tape of ticks with a rule that is confirmed, and an outflow whose parts fail when the test says so. */
const sending = async (
  o: {
    readonly atEnd?: true;
    readonly ticks?: number;
    readonly witness?: Witness;
    readonly untilFeedSent?: OutflowOptions['untilFeedSent'];
    readonly enter?: OutflowOptions['enter'];
    readonly knowsDatabase?: OutflowOptions['knowsDatabase'];
  } = {},
) => {
  const { ticks = TICKS, witness = null } = o;
  const dir = mkdtempSync(join(tmpdir(), 'fxtape-outflow-'));
  closers.push(() => rmSync(dir, { recursive: true }));
  const clock = systemClock();
  const log = createLog({ service: 'test', level: 'silent' });
  const memory = new TapeMemory('demo');
  const tape = await TapeWriter.open({
    dir,
    account: 'demo',
    head: () => memory.save(),
    clock,
    syncEveryMs: 1,
  });
  closers.push(() => tape.close());
  const started = { ...clock, nowUs: () => START_MS * 1000, nowMs: () => START_MS };
  const intake = new Intake({ tape, memory, clock: started, log, replayed: false });
  const spans: ClockSpan[] = [{ fromUs: 0, rule: 'UTC', confirmed: true, evidence: '' }];
  intake.note('clock', { spans });
  intake.note('configured', {
    feed: 'demo',
    streams: [{ stream: 'ticks', symbol: 'EURUSD', timeframe: null }],
  });
  for (let n = 0; n < ticks; n++) {
    const time = new Date(START_MS + n * 10).toISOString();
    const frame = JSON.stringify({ type: 'tick', symbol: 'EURUSD', data: { bid: 1, ask: 2, time } });
    tape.append([{ conn: 1, recvUs: (START_MS + n * 10) * 1000, mark: 'live', frame, json: true }]);
  }
  await tape.sync();
  const sent = new Set<number>();
  const faults = { submit: 0, condemn: 0, follow: 0 };
  const failing = (fault: keyof typeof faults): boolean => faults[fault] > 0 && --faults[fault] === 0;
  const writer: OutflowOptions['writer'] = {
    submit: async (table, rows) => {
      await new Promise(setImmediate);
      if (failing('submit')) throw new Error('EMFILE');
      if (table === 'ticks') for (const row of rows) if ('ts_recv' in row) sent.add(Number(row.ts_recv));
      const row = rows.at(-1);
      const condemned = table === 'ticks' && faults.condemn > 0 && row !== undefined;
      const never = condemned ? [{ row, index: 0, reason: 'no', by: 'server' as const, line: null }] : [];
      return { rows: rows.length, condemned: never };
    },
    turn: () => new Promise((resolve) => setImmediate(resolve)),
  };
  const applied: OutflowOptions['applied'] = { tokens: async () => ({}), waitApplied: async () => {} };
  const follow = tape.follow.bind(tape);
  vi.spyOn(tape, 'follow').mockImplementation(async function* (from, options) {
    for await (const batch of follow(from, options)) {
      if (failing('follow')) throw new Error('EIO');
      yield batch;
    }
  });
  const end = tape.position.synced ?? { segment: 0, offset: 0 };
  const position = o.atEnd === true ? end : { ...end, offset: 0 };
  const state = { v: 3, ledger: saveLedger(emptyLedger()), database: '1', witness };
  const checkpoints = new Checkpoints(dir, witness === null && o.atEnd !== true ? null : { position, state });
  const made = vi.spyOn(checkpoints, 'answered');
  const outflow = new Outflow({
    account: 'demo',
    replayed: false,
    tape,
    dir,
    memory,
    checkpoints,
    writer,
    applied,
    troubles: () => 0,
    inHand: () => ({ maxLines: 100, maxBytes: 1e6 }),
    enter: o.enter ?? (async () => new AbortController().signal),
    knowsDatabase: o.knowsDatabase ?? (async () => true),
    untilFeedSent: o.untilFeedSent,
    keeper: { isGiven: false, confirm() {}, rule() {}, believe: async () => {}, settle: async () => {} },
    condemned: () => {
      if (failing('condemn')) throw new Error('TAPE_FULL');
    },
    clock,
    log,
  });
  return { faults, made, memory, outflow, sent };
};

test.each([
  ['a request that fails for good', { submit: 3 }],
  ['a tape that cannot be read', { follow: 5 }],
  ['a condemned row that cannot be noted', { condemn: 2 }],
  ['two things at once', { submit: 3, follow: 4 }],
])('%s', async (_what, fault) => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', note);
  closers.push(() => process.off('unhandledRejection', note));
  const { faults, outflow, sent } = await sending();
  Object.assign(faults, fault);
  const stop = new AbortController();
  const failures: unknown[] = [];
  const done = (async () => {
    while (!stop.signal.aborted)
      await outflow.run(stop.signal).catch((error: unknown) => failures.push(error));
  })();
  await vi.waitFor(() => expect(sent.size).toBe(TICKS), { timeout: 10_000 });
  stop.abort();
  await done;
  await new Promise(setImmediate);
  expect(failures.length).toBeGreaterThan(0);
  expect(unhandled).toEqual([]);
});

const witnessed = async ({ made, outflow }: Awaited<ReturnType<typeof sending>>) => {
  const stop = new AbortController();
  const done = outflow.run(stop.signal);
  await vi.waitFor(() => expect(outflow.state.caughtUp && made.mock.calls.length > 0).toBe(true));
  stop.abort();
  await done;
  return made.mock.calls.at(-1)?.[0].witness;
};

test('where nothing comes, the database is still known by what was confirmed before', async () => {
  const witness = { table: 'account_events', ts: 7, is: { account: 'demo', ts: 7 }, atUs: 7 } as const;
  expect(await witnessed(await sending({ ticks: 0, witness }))).toEqual(witness);
});

test('a database is not known by a row that it never took', async () => {
  const recording = await sending({ ticks: 50 });
  recording.faults.condemn = 2;
  const newestUs = (START_MS + 490) * 1000;
  expect((await witnessed(recording))?.atUs).toBe(newestUs - 10_000);
});

test('of a tape that was confirmed to its end everything is applied, although nothing comes', async () => {
  const { memory, outflow } = await sending({ ticks: 0, atEnd: true });
  const stop = new AbortController();
  const done = outflow.run(stop.signal);
  await vi.waitFor(() => expect(outflow.state.appliedTsRecv).toBe(memory.ledger.lastTsRecv));
  expect(outflow.state.caughtUp).toBe(true);
  stop.abort();
  await done;
});

test('the rows of a feed that it takes over wait for those of others, and with another database once more', async () => {
  const asked: PromiseWithResolvers<void>[] = [];
  let replaced = new AbortController();
  let isOther = false;
  const { outflow, sent } = await sending({
    ticks: 50,
    untilFeedSent: async ({ feed }, says, signal) => {
      const free = Promise.withResolvers<void>();
      signal.addEventListener('abort', () => free.resolve());
      asked.push(free);
      says(`"${feed}"`);
      await free.promise;
    },
    enter: async () => replaced.signal,
    // Once it has told so, it is the one that is known.
    knowsDatabase: async () => {
      const knows = !isOther;
      isOther = false;
      return knows;
    },
  });
  const stop = new AbortController();
  const done = outflow.run(stop.signal);
  for (const times of [1, 2]) {
    await vi.waitFor(() => expect(asked.length).toBe(times));
    expect(outflow.state).toMatchObject({ phase: 'feed_waits', reason: '"demo"' });
    expect([sent.size, outflow.state.appliedTsRecv]).toEqual([0, null]);
    asked.at(-1)?.resolve();
    await vi.waitFor(() => expect(sent.size).toBe(50));
    expect(outflow.state).toMatchObject({ phase: 'sending', reason: null });
    await vi.waitFor(() => expect(outflow.state.appliedTsRecv).not.toBeNull(), { timeout: 3000 });
    sent.clear();
    isOther = times === 1;
    const before = replaced;
    replaced = new AbortController();
    before.abort();
  }
  // The same database again: nothing is asked twice.
  await vi.waitFor(() => expect(sent.size).toBe(50));
  expect(asked.length).toBe(2);
  stop.abort();
  await done;
});
