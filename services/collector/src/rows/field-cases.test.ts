// What people met (testing/*/metadata.json), frame by frame: a start on a weekend, a delayed symbol, a tick of 1970. The values are those that
// are right. A gateway sends a heartbeat each second; where the capture ends, they go on.
import { readFileSync } from 'node:fs';
import { decodeFrame } from '@fxtape/fxsocket';
import {
  emptyLedger,
  HeartbeatJudge,
  HoldJudge,
  parseBrokerTime,
  parseClockRule,
  Rulings,
  saveLedger,
} from '@fxtape/market';
import type { Line } from '@fxtape/tape';
import { expect, test } from 'vitest';
import { messageOf } from '../tape/tape-memory.ts';
import { TapeReader } from './tape-reader.ts';

interface Captured {
  readonly recvUtc: string;
  readonly mark?: string;
  readonly frame: unknown;
}

const RULE = 'America/New_York+7h';
const captured = (name: string): Captured[] =>
  JSON.parse(readFileSync(new URL(`../../testing/${name}`, import.meta.url), 'utf8')) as Captured[];

/** Lines as the intake writes them: it judges the heartbeats itself. */
function linesOf(frames: readonly Captured[]): Line[] {
  const judge = new HeartbeatJudge();
  return frames.map(({ frame: json, mark: given, recvUtc }) => {
    const frame = JSON.stringify(json);
    const message = decodeFrame(frame);
    const tsRecv = Date.parse(recvUtc) * 1000;
    const server = message.type === 'terminal' ? parseBrokerTime(message.data.serverTime ?? '') : null;
    const judged = server && judge.judge({ server, monoMs: tsRecv / 1000, congested: false });
    const mark = given ?? judged;
    return { tsRecv, conn: 1, mark, event: null, data: null, frame, frameKind: 'json', message };
  });
}

const beats = (fromUtc: string, offsetMs: number, count: number): Captured[] =>
  Array.from({ length: count }, (_, i) => {
    const ms = Date.parse(fromUtc) + i * 1000;
    const serverTime = new Date(ms + offsetMs).toISOString();
    const frame = { type: 'terminal', data: { connected: true, tradeAllowed: true, serverTime } };
    return { recvUtc: new Date(ms).toISOString(), frame };
  });

function reading(lines: readonly Line[], confirmed: boolean) {
  const spans = [{ fromUs: 0, rule: RULE, confirmed, evidence: '' }];
  const decided = { spans, rulings: new Rulings() };
  const state = { ledger: saveLedger({ ...emptyLedger(), feed: 'demo' }) };
  const reader = new TapeReader({ account: 'demo', replayed: false, state, decided: () => decided });
  return { ...reader.read(lines), reader };
}

test('started on a weekend: what stands says nothing, and after the open every tick is stored by New York + 7 h', () => {
  const lines = linesOf(captured('weekend-start/frames.json'));
  // A frozen server time bounds nothing and confirms nothing; nor does the jump at the open.
  expect(lines.map(({ mark }) => mark)).toEqual([
    'frozen',
    'frozen',
    'frozen',
    'frozen',
    'live',
    'frozen',
    'live',
  ]);
  const held = reading(lines, false);
  expect(held.hold?.why).toBe('unconfirmed');
  const judge = new HoldJudge({
    why: 'unconfirmed',
    fromUs: held.hold?.tsRecv ?? 0,
    rule: parseClockRule(RULE),
    rulings: new Rulings(),
  });
  const outcomes = lines.map((line) => judge.take(line, messageOf(line))?.kind ?? judge.phase);
  expect(outcomes.slice(0, 6)).toEqual(Array.from({ length: 6 }, () => 'silent'));
  expect(outcomes[6]).toBe('confirmed');
  const { hold, rows } = reading(lines, true);
  expect(hold).toBeNull();
  expect(
    rows.ticks.map(({ quality, symbol, ts, utc_offset_s }) => [
      symbol,
      new Date(ts / 1000).toISOString(),
      utc_offset_s,
      quality,
    ]),
  ).toEqual([
    ['EURUSD', '2026-06-21T21:05:03.120Z', 10_800, null],
    ['EURUSD', '2026-06-21T21:05:04.520Z', 10_800, null],
  ]);
  expect([rows.rejected, rows.gap_events]).toEqual([[], []]);
});

test('a symbol that is delayed by 20 minutes is stored as late; the others go on', () => {
  const lines = linesOf([
    ...captured('one-stale-tick/frames-delayed.json'),
    ...beats('2026-06-23T09:00:01.000Z', 10_800_000, 3),
  ]);
  const { hold, reader, rows } = reading(lines, true);
  expect(hold).toBeNull();
  expect(
    rows.ticks.map(({ quality, symbol, ts }) => [symbol, new Date(ts / 1000).toISOString(), quality]),
  ).toEqual([
    ['EURUSD', '2026-06-23T09:00:00.000Z', null],
    ['BHP.AX', '2026-06-23T08:39:58.700Z', 'late'],
    ['EURUSD', '2026-06-23T09:00:00.400Z', null],
    ['EURUSD', '2026-06-23T09:00:00.800Z', null],
  ]);
  expect(rows.rejected).toEqual([]);
  expect(reader.delayed).toEqual(['BHP.AX']);
});

test('a tick of 1970 is rejected, with a gap of its symbol around its receipt; the others go on', () => {
  const lines = linesOf([
    ...captured('one-stale-tick/frames-epoch.json'),
    ...beats('2026-06-23T09:00:01.000Z', 10_800_000, 3),
  ]);
  const { hold, reader, rows } = reading(lines, true);
  expect(hold).toBeNull();
  expect(rows.ticks.map(({ symbol, ts }) => [symbol, new Date(ts / 1000).toISOString()])).toEqual([
    ['EURUSD', '2026-06-23T09:00:00.000Z'],
    ['EURUSD', '2026-06-23T09:00:00.400Z'],
    ['EURUSD', '2026-06-23T09:00:00.800Z'],
  ]);
  const at = Date.parse('2026-06-23T09:00:00.300Z') * 1000;
  expect(rows.rejected).toMatchObject([{ ts_recv: at, kind: 'tick' }]);
  expect(rows.gap_events).toMatchObject([
    { symbol: 'UK100', stream: 'ticks', event: 'ended', cause: 'rejected' },
  ]);
  const [gap] = rows.gap_events;
  expect([(gap?.ts_from ?? 0) <= at, (gap?.ts_to ?? 0) > at]).toEqual([true, true]);
  expect(reader.delayed).toEqual([]);
});
