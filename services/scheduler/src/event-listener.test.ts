import type { Clock } from '@fxtape/ops';
import { expect, test } from 'vitest';
import { EventListener } from './event-listener.ts';

const START_MS = 1_800_000_000_000;
const bar = (symbol: string, ts: number, receivedMs: number) => ({
  feed: 'icm',
  symbol,
  timeframe: 'M1',
  ts,
  ts_recv: receivedMs * 1000,
});
const trade = (deal_id: bigint | number | null, ts: number, receivedMs: number, account = 'icm') => ({
  account,
  deal_id,
  ts,
  ts_recv: receivedMs * 1000,
});

/** Opens, µs. */
const open = (minutes: number): number => START_MS * 1000 + minutes * 60_000_000;

/** A listener over rows in memory, which are queried as the tables are. */
function rig() {
  let nowMs = START_MS;
  const bars: ReturnType<typeof bar>[] = [];
  const trades: ReturnType<typeof trade>[] = [];
  const clock = { nowMs: () => nowMs, nowUs: () => nowMs * 1000, monoMs: () => nowMs } as Clock;
  const asked: number[] = [];
  const reader = {
    barEventsAfter: async (afterUs: number, { sinceUs = 0 }: { sinceUs?: number } = {}) => {
      asked.push(afterUs);
      return bars.filter((row) => row.ts_recv > afterUs && row.ts >= sinceUs);
    },
    tradeEventsAfter: async (afterUs: number) => trades.filter((row) => row.ts_recv > afterUs),
  };
  const listener = new EventListener({ reader, clock });
  const { signal } = new AbortController();
  const poll = () => listener.poll({ replayed: false, signal });
  return { listener, bars, trades, poll, asked, pass: (ms: number) => (nowMs += ms) };
}

test('one read per stream, two seconds after its first bar, with the newest that came meanwhile', async () => {
  const { bars, listener, poll, pass } = rig();
  bars.push(bar('EURUSD', open(1), START_MS), bar('XAUUSD', open(1), START_MS));
  await poll();
  pass(1500);
  bars.push(bar('EURUSD', open(2), START_MS + 1500));
  await poll();
  expect(listener.dueBars()).toEqual([]);
  pass(500);
  await poll();
  expect(listener.dueBars().map(({ symbol, ts }) => [symbol, ts])).toEqual([
    ['EURUSD', open(2)],
    ['XAUUSD', open(1)],
  ]);
  expect(listener.dueBars()).toEqual([]);
});

test('a row that becomes visible late is taken, and none is taken twice', async () => {
  const { bars, listener, poll, pass } = rig();
  bars.push(bar('EURUSD', open(1), START_MS + 5000));
  await poll();
  bars.unshift(bar('XAUUSD', open(1), START_MS + 1000));
  await poll();
  pass(3000);
  expect(listener.dueBars().length).toBe(2);
  for (let i = 0; i < 30; i += 1) {
    pass(1000);
    await poll();
    expect(listener.dueBars()).toEqual([]);
  }
});

test('a month that has ended is taken within a minute, and once', async () => {
  const { bars, listener, poll, pass } = rig();
  await poll();
  bars.push(bar('EURUSD', open(-31 * 1440), START_MS + 100));
  const taken: string[] = [];
  for (let second = 1; second <= 200; second += 1) {
    pass(1000);
    await poll();
    taken.push(...listener.dueBars().map(({ symbol, ts }) => `${symbol} ${ts}`));
    const months = taken.filter((one) => one.startsWith('EURUSD')).length;
    if (second > 62) expect(months).toBe(1);
    bars.push(bar('XAUUSD', open(second / 60), START_MS + second * 1000));
  }
  expect(new Set(taken).size).toBe(taken.length);
  expect(taken.length).toBeGreaterThan(60);
});

test('the tables are asked from a point that moves on', async () => {
  const { asked, bars, poll } = rig();
  for (let i = 0; i < 5; i += 1) {
    bars.push(bar('EURUSD', open(i), START_MS + i * 60_000));
    await poll();
  }
  await poll();
  expect(asked.at(-1)).toBeGreaterThan(START_MS * 1000 + 3 * 60_000_000);
});

test('trades of a second are one reconciliation of their account, identifiers exact', async () => {
  const { listener, poll, pass, trades } = rig();
  trades.push(
    trade(9_007_199_254_740_993n, 50, START_MS),
    trade(7, 90, START_MS + 1),
    trade(7, 90, START_MS + 2),
    trade(null, 40, START_MS + 3),
  );
  trades.push(trade(0, 10, START_MS, 'mt4'));
  await poll();
  pass(1000);
  const jobs = listener.dueTrades();
  expect(jobs.map(({ payload }) => payload)).toEqual([
    { account: 'icm', fromUs: 40, toUs: 91, dealIds: ['9007199254740993', '7'], positionIds: [] },
    { account: 'mt4', fromUs: 10, toUs: 11, dealIds: [], positionIds: [] },
  ]);
});
