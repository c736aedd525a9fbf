import { expect, test } from 'vitest';
import { parseClockRule } from '../time/parse-clock-rule.ts';
import { historyTicks } from './history-ticks.ts';

const rule = parseClockRule('UTC+3h');
const o = { feed: 'icm', symbol: 'EURUSD', rule, answeredUs: 1_790_000_000_000_000 };
const T = Date.UTC(2026, 5, 22, 10);
const tick = { bid: 1.1, ask: 1.2 };

test('a tick becomes a row as the live path would have it', () => {
  const got = historyTicks(
    [
      { time: '2026-06-22T10:00:00.125Z', ...tick, last: 0, volume: 0 },
      { timeMsc: T + 125, ...tick, last: 1.15, volume: 3 },
      { time: '2026-06-22T10:00:01Z', timeMsc: T + 1300, bid: 1.3, ask: 1.2 },
      { time: '2026-06-22T10:00:02Z', timeMsc: 0, bid: 0, ask: 1.2, last: null },
    ],
    o,
  );
  const base = { feed: 'icm', symbol: 'EURUSD', utc_offset_s: 10_800, source: 'history', ...tick };
  const utcUs = (ms: number): number => (ms - 10_800_000) * 1000;
  expect(got.rows).toEqual([
    { ...base, ts: utcUs(T + 125), ts_recv: o.answeredUs, last: null, volume: null, quality: null },
    { ...base, ts: utcUs(T + 125), ts_recv: o.answeredUs + 1, last: 1.15, volume: 3, quality: null },
    {
      ...base,
      ts: utcUs(T + 1300),
      ts_recv: o.answeredUs + 2,
      bid: 1.3,
      last: null,
      volume: null,
      quality: 'crossed',
    },
    {
      ...base,
      ts: utcUs(T + 2000),
      ts_recv: o.answeredUs + 3,
      bid: 0,
      last: null,
      volume: null,
      quality: 'one_sided',
    },
  ]);
  expect(got.rejected).toEqual([]);
});

test('a tick without one clear time, or with a price that is no number, is rejected', () => {
  const wrong = [
    { ...tick },
    { time: 'now', timeMsc: T, ...tick },
    { timeMsc: T + 0.5, ...tick },
    { time: '2026-06-22T10:00:00Z', timeMsc: T - 10_800_000, ...tick },
    { time: '2026-06-22T10:00:00Z', bid: Number.NaN, ask: 1 },
  ];
  const got = historyTicks(wrong, o);
  expect(got.rows).toEqual([]);
  expect(new Set(got.rejected.map(({ raw }) => raw))).toEqual(new Set(wrong));
});

test('rows are in order of time, equal times in the order of the answer, with distinct receive times', () => {
  const got = historyTicks(
    [2, 1, 2, 1].map((s, i) => ({ time: `2026-06-22T10:00:0${s}Z`, bid: i, ask: i })),
    o,
  );
  expect(got.rows.map((row) => [row.ts % 10_000_000, row.bid, row.ts_recv - o.answeredUs])).toEqual([
    [1_000_000, 1, 0],
    [1_000_000, 3, 1],
    [2_000_000, 0, 2],
    [2_000_000, 2, 3],
  ]);
});

test('ticks of the repeated hour wait for an answer that shows both folds', () => {
  const at = (time: string) => ({ time: `2026-11-01T${time}Z`, ...tick });
  const newYork = { ...o, rule: parseClockRule('America/New_York+7h') };
  const part = historyTicks([at('07:59:59'), at('08:30:00'), at('09:00:00')], newYork);
  expect(part.rows).toHaveLength(2);
  expect(part.ambiguous).toHaveLength(1);
  const whole = historyTicks(
    ['07:59:59', '08:30:00', '08:59:00', '08:00:01', '08:30:00', '09:00:00'].map(at),
    newYork,
  );
  expect(whole.rows.map((row) => row.ts)).toEqual(whole.rows.map((row) => row.ts).toSorted((a, b) => a - b));
  expect(whole).toMatchObject({ ambiguous: [], rejected: [] });
  expect(new Set(whole.rows.map((row) => row.ts)).size).toBe(6);
});
