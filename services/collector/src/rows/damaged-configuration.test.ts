// The line that says what is configured cannot be read any more. Whose the ticks behind it are is known from the next head; where nothing
// says it they are set aside, and each lies inside a gap.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClockSpan, Rulings, type Rows, type StreamKey } from '@fxtape/market';
import { createLog, systemClock } from '@fxtape/ops';
import { type Damage, type Entry, type Line, listSegments, readTape, TapeWriter } from '@fxtape/tape';
import { afterEach, expect, test } from 'vitest';
import { Intake } from '../intake/intake.ts';
import { messageOf, TapeMemory } from '../tape/tape-memory.ts';
import { TapeReader } from './tape-reader.ts';

const START_MS = Date.UTC(2026, 5, 24, 12);
const ACCOUNT: StreamKey = { stream: 'account', symbol: null, timeframe: null };
const ticksOf = (symbol: string): StreamKey => ({ stream: 'ticks', symbol, timeframe: null });
const SPANS: ClockSpan[] = [{ fromUs: 0, rule: 'UTC', confirmed: true, evidence: '' }];

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A recording that can be told what to record, and lives for some seconds: a heartbeat and a tick of each symbol in every one. */
const recorder = async () => {
  const dir = mkdtempSync(join(tmpdir(), 'fxtape-configured-'));
  folders.push(dir);
  const memory = new TapeMemory('demo');
  const log = createLog({ service: 'test', level: 'silent' });
  const tape = await TapeWriter.open({
    dir,
    account: 'demo',
    head: () => memory.save(),
    clock: systemClock(),
  });
  let nowMs = START_MS;
  const clock = { ...systemClock(), nowUs: () => nowMs * 1000, nowMs: () => nowMs };
  const intake = new Intake({ tape, memory, clock, log, replayed: false });
  const append = (more: Partial<Entry>): void => {
    const { conn } = memory.ledger.state;
    for (const line of tape.append([{ conn, recvUs: nowMs * 1000, ...more }]))
      memory.apply(line, messageOf(line));
  };
  const frame = (mark: string, message: object): void => append({ mark, frame: JSON.stringify(message) });
  const live = (seconds: number, symbols: readonly string[]): void => {
    append({ conn: memory.ledger.state.conn + 1, event: 'connected', data: {} });
    append({ event: 'subscribed', data: { sub: { topic: 'account' } } });
    for (const symbol of symbols) append({ event: 'subscribed', data: { sub: { topic: 'prices', symbol } } });
    for (let s = 0; s < seconds; s++) {
      nowMs += 1000;
      const time = new Date(nowMs).toISOString();
      frame('clean', { type: 'terminal', data: { connected: true, serverTime: time } });
      for (const symbol of symbols) frame('live', { type: 'tick', symbol, data: { bid: 1, ask: 2, time } });
    }
  };
  intake.note('clock', { spans: SPANS });
  return { dir, intake, live, memory, tape };
};

/** Lines with this text cannot be read any more. */
const damage = async (dir: string, text: string, segments = Number.POSITIVE_INFINITY): Promise<void> => {
  for (const { path } of (await listSegments(dir)).slice(0, segments)) {
    const lines = readFileSync(path, 'utf8').split('\n');
    const changed = lines.map((line) =>
      line.includes(text) ? line.replace('"ts_recv"', '"ts_recw"') : line,
    );
    writeFileSync(path, changed.join('\n'));
  }
};

const reading = async (dir: string): Promise<Rows> => {
  const items: (Line | Damage)[] = [];
  for await (const batch of readTape(dir, null)) items.push(...batch.items);
  const decided = () => ({ spans: SPANS, rulings: new Rulings() });
  return new TapeReader({ account: 'demo', replayed: false, state: null, decided }).read(items).rows;
};

const unended = ({ gap_events: gaps }: Rows): string[] => {
  const ended = new Set(gaps.filter(({ event }) => event === 'ended').map(({ gap_id: id }) => id));
  return gaps.map(({ gap_id: id }) => id).filter((id) => !ended.has(id));
};

const renamed = async () => {
  const recording = await recorder();
  const { dir, intake, live, tape } = recording;
  intake.configure({ feed: 'old', streams: [ACCOUNT, ticksOf('EURUSD'), ticksOf('XAUUSD')] });
  live(30, ['EURUSD', 'XAUUSD']);
  intake.note('start', {});
  intake.configure({ feed: 'old', streams: [ACCOUNT] });
  intake.configure({ feed: 'new', streams: [ACCOUNT, ticksOf('EURUSD'), ticksOf('GBPUSD')] });
  live(30, ['EURUSD', 'GBPUSD']);
  await tape.close();
  return { dir, whole: await reading(dir) };
};

test.each([
  ['a rename', '"event":"configured","data":{"feed":"new"'],
  ['every one of them', '"event":"configured"'],
])('the next head tells feed and streams, and what was open ends: %s', async (_what, text) => {
  const { dir, whole } = await renamed();
  await damage(dir, text);
  const damaged = await reading(dir);
  expect(whole.ticks.map(({ feed }) => feed)).toContain('new');
  expect(damaged.ticks).toEqual(whole.ticks);
  expect([unended(whole), unended(damaged)]).toEqual([[], []]);
  const claimed = new Set(damaged.coverage.map(({ feed, symbol }) => `${feed} ${symbol}`));
  expect(claimed).toContain('new GBPUSD');
  expect(claimed).not.toContain('new XAUUSD');
});

test('what has a clock and no feed is set aside, inside a gap that opens when its feed is known', async () => {
  const { dir, intake, live, tape } = await recorder();
  intake.configure({ feed: 'old', streams: [ticksOf('EURUSD')] });
  for (let n = 0; n < 2; n++) {
    tape.rotate();
    live(30, ['EURUSD']);
  }
  await tape.close();
  // Retention took what was before it, and the head of what is now the oldest segment is damaged.
  const [first, ...left] = await listSegments(dir);
  expect(left).toHaveLength(2);
  rmSync((first as { path: string }).path);
  await damage(dir, '"event":"head"', 1);
  const { gap_events: gaps, rejected, ticks } = await reading(dir);
  expect(ticks.map(({ feed }) => feed)).toEqual(Array.from({ length: 30 }, () => 'old'));
  expect(rejected.map(({ kind }) => kind)).toEqual(Array.from({ length: 30 }, () => 'tick'));
  const gap = gaps.find(({ event, feed }) => event === 'ended' && feed === 'old');
  for (const { ts } of rejected) {
    expect(gap?.ts_from).toBeLessThanOrEqual(ts);
    expect(gap?.ts_to).toBeGreaterThan(ts);
  }
});
