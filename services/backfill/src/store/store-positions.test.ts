import type { PositionRow } from '@fxtape/market';
import { expect, test } from 'vitest';
import { POSITION_VERSIONS } from './store-positions.ts';
import { versionDifferences } from './store-versions.ts';

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

const differences = (answer: PositionRow[], known: PositionRow[], versions = known) =>
  versionDifferences(answer, known, versions, POSITION_VERSIONS);
const both = (...rows: PositionRow[]) => ({ rows, revisions: rows });

test('a row that another clock rule wrote stays of that rule, whole, until it is corrected', () => {
  expect(differences([answered], [stored])).toEqual(both());
  expect(differences([{ ...answered, swap: -1 }], [stored])).toEqual(
    both({ ...stored, ts_seen: answered.ts_seen, swap: -1 }),
  );
});

test('of the same rule a position keeps the opening that it had first, and follows the answer in its close', () => {
  const before = { ...answered, ts: answered.ts - 5_000_000, ts_seen: OPEN_US };
  const closed = { ...answered, ts_close: answered.ts_close + 1_000_000 };
  expect(differences([closed], [before])).toEqual(both({ ...closed, ts: before.ts }));
  expect(differences([answered], [{ ...answered, ts_seen: OPEN_US }])).toEqual(both());
});

test('a commission that comes late is a version, and one that a crash left behind is completed', () => {
  const first = { ...answered, ts_seen: OPEN_US };
  const late = { ...answered, commission: -7, net_profit: 3 };
  expect(differences([late], [first])).toEqual(both(late));
  const again = { ...late, ts_seen: late.ts_seen + HOUR_US };
  expect(differences([again], [first], [late])).toEqual({ rows: [late], revisions: [] });
  // What an older release stored has no version yet.
  expect(differences([again], [late], [])).toEqual({ rows: [], revisions: [again] });
});
