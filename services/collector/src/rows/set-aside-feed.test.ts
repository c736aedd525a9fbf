// A stretch whose feed changes before it is set aside: what is rejected of each feed lies in a gap of that feed, also at a later start.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeFrame } from '@fxtape/fxsocket';
import { type GapEventRow, type Ruling, type StreamKey, timingsAt } from '@fxtape/market';
import { createLog, systemClock } from '@fxtape/ops';
import { type Damage, type Entry, type Line, readTape, TapeWriter } from '@fxtape/tape';
import { afterEach, expect, test } from 'vitest';
import { HoldWatch } from '../clock/hold-watch.ts';
import { Intake } from '../intake/intake.ts';
import { remembering, TapeMemory } from '../tape/tape-memory.ts';
import { TapeReader } from './tape-reader.ts';

const START_MS = Date.UTC(2026, 5, 24, 12);
const TICKS: StreamKey = { stream: 'ticks', symbol: 'EURUSD', timeframe: null };
const ACCOUNT: StreamKey = { stream: 'account', symbol: null, timeframe: null };
const log = createLog({ service: 'test', level: 'silent' });
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** A tape, second by second; `passed` reads it from its first line to its end. */
async function recording() {
  const dir = mkdtempSync(join(tmpdir(), 'fxtape-aside-'));
  closers.push(() => rmSync(dir, { recursive: true }));
  const memory = new TapeMemory('demo');
  const real = systemClock();
  const tape = await TapeWriter.open({ dir, account: 'demo', head: () => memory.save(), clock: real });
  closers.push(() => tape.close());
  let second = 0;
  const nowMs = () => START_MS + second * 1000;
  const clock = { ...real, nowMs, nowUs: () => nowMs() * 1000 };
  const intake = new Intake({ tape, memory, clock, log, replayed: false });
  const put = (entry: Partial<Entry>): void => {
    const entries = [{ conn: 1, recvUs: clock.nowUs(), ...entry }];
    for (const line of tape.append(entries))
      memory.apply(line, line.frame === null ? null : decodeFrame(line.frame));
  };
  intake.note('clock', { spans: [{ fromUs: 0, rule: 'UTC', confirmed: true, evidence: '' }] });
  const records = (feed: string): void => {
    const { feed: before } = memory.ledger.state;
    intake.note('start', {});
    if (before !== null) intake.configure({ feed: before, streams: memory.accountStreams });
    intake.configure({ feed, streams: [TICKS, ACCOUNT] });
    for (const sub of [{ topic: 'prices', symbol: 'EURUSD' }, { topic: 'account' }])
      put({ event: 'subscribed', data: { sub } });
  };
  const rule = (rulings: readonly Ruling[]): void => {
    for (const ruling of rulings) intake.note('ruling', ruling);
    tape.rotate();
  };
  const read = async (known: TapeMemory) => {
    await tape.sync();
    const items: (Line | Damage)[] = [];
    for await (const batch of readTape(dir, null)) items.push(...batch.items);
    const reader = new TapeReader({ account: 'demo', replayed: false, state: null, decided: () => known });
    return { reader, ...reader.read(items) };
  };
  return {
    records,
    /** Ticks up to a second, with heartbeats unless they are missing. */
    live(to: number, { offMs = 0, beats = true } = {}): void {
      while (second < to) {
        second++;
        const serverTime = new Date(nowMs() + offMs).toISOString();
        const terminal = { type: 'terminal', data: { connected: true, serverTime } };
        if (beats) put({ mark: 'clean', frame: JSON.stringify(terminal) });
        const data = { bid: 1 + second / 1000, ask: 2, time: serverTime };
        put({ mark: 'live', frame: JSON.stringify({ type: 'tick', symbol: 'EURUSD', data }) });
      }
    },
    /** Decides as a recording does, and gives the rows that a later start reads. */
    async decided() {
      const { hold, reader } = await read(memory);
      if (hold === null) throw new Error('nothing waits');
      const { clean, feed, streams } = reader.ledger.state;
      const keys = [...streams.values()].map(({ key }) => key);
      const keeper = {
        isGiven: true,
        confirm() {},
        believe: async () => {},
        settle: async () => {},
        rule,
      };
      const says = () => {};
      const inHand = () => ({ maxLines: 50 });
      const watch = new HoldWatch({
        replayed: false,
        tape,
        memory,
        from: () => null,
        inHand,
        says,
        clock,
        log,
        keeper,
      });
      const late = timingsAt(reader.ledger.state, hold.tsRecv);
      await watch.wait({ ...hold, clean, feed, streams: keys, late }, new AbortController().signal);
      return (await read(await remembering('demo', dir))).rows;
    },
  };
}

const seconds = (us: number): number => (us / 1000 - START_MS) / 1000;
const of = (rows: readonly GapEventRow[], stream: string) =>
  rows
    .filter((row) => row.gap_id.endsWith('.aside') && row.stream === stream)
    .map(({ feed, ts_from, ts_to }) => [feed, seconds(ts_from), Math.floor(seconds(ts_to ?? 0))]);

test('the feed is changed after the stretch: its gap is one of the feed that was recorded then', async () => {
  const tape = await recording();
  tape.records('old');
  tape.live(60);
  tape.live(90, { offMs: 3_600_000 });
  tape.live(115);
  tape.records('new');
  tape.live(200);
  const { gap_events: gaps, rejected } = await tape.decided();
  expect(rejected.length).toBe(30);
  expect(of(gaps, 'ticks')).toEqual([['old', 58, 93]]);
  expect(of(gaps, 'account')).toEqual([[null, 58, 93]]);
});

test('the feed is changed within the stretch: each feed has a gap of its own, and the account has one', async () => {
  const tape = await recording();
  tape.records('old');
  tape.live(60);
  tape.live(70, { offMs: 3_600_000 });
  tape.records('new');
  tape.live(90, { offMs: 3_600_000, beats: false });
  tape.live(200);
  const { gap_events: gaps, rejected } = await tape.decided();
  expect(rejected.length).toBe(30);
  expect(of(gaps, 'ticks')).toEqual([
    ['old', 58, 93],
    ['new', 58, 93],
  ]);
  expect(of(gaps, 'account')).toEqual([[null, 58, 93]]);
  const asides = gaps.filter((row) => row.gap_id.endsWith('.aside'));
  expect(new Set(asides.map((row) => row.gap_id)).size).toBe(asides.length);
  expect(new Set(asides.map((row) => row.outage_id)).size).toBe(1);
});
