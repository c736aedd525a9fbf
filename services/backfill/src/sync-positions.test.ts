import type { PositionRow } from '@fxtape/market';
import { expect, test } from 'vitest';
import { positionDifferences } from './sync-positions.ts';

const HOUR_US = 3_600_000_000;
const OPEN_US = Date.UTC(2026, 9, 28, 9) * 1000;
const answered = {
  ts: OPEN_US,
  ts_close: OPEN_US + HOUR_US,
  utc_offset_s: 10_800,
  ts_seen: OPEN_US + 9 * HOUR_US,
  account: 'demo',
  position_id: 7,
  symbol: 'EURUSD',
  type: 'Buy',
  volume: 0.1,
  price_open: 1.1,
  price_close: 1.2,
  profit: 10,
  swap: 0,
  commission: 0,
  net_profit: 10,
  magic: 0,
  comment: '',
} as unknown as PositionRow;
/** The same position as a rule wrote it that stands six hours further before UTC. */
const stored = {
  ...answered,
  ts: answered.ts - 6 * HOUR_US,
  ts_close: answered.ts_close - 6 * HOUR_US,
  utc_offset_s: 32_400,
  ts_seen: OPEN_US,
};

test('a row that another clock rule wrote stays of that rule, whole, until it is corrected', () => {
  expect(positionDifferences([answered], [stored])).toEqual([]);
  expect(positionDifferences([{ ...answered, swap: -1 }], [stored])).toEqual([
    { ...stored, ts_seen: answered.ts_seen, swap: -1 },
  ]);
});

test('of the same rule a position keeps the opening that it had first, and follows the answer in its close', () => {
  const before = { ...answered, ts: answered.ts - 5_000_000, ts_seen: OPEN_US };
  const closed = { ...answered, ts_close: answered.ts_close + 1_000_000 };
  expect(positionDifferences([closed], [before])).toEqual([{ ...closed, ts: before.ts }]);
  expect(positionDifferences([answered], [{ ...answered, ts_seen: OPEN_US }])).toEqual([]);
});
