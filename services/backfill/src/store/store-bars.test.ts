import type { BarRow, DealRow } from '@fxtape/market';
import { expect, test } from 'vitest';
import { differences } from './store-bars.ts';
import { DEAL_VERSIONS } from './store-deals.ts';
import { versionDifferences } from './store-versions.ts';

const bar = (ts: number, close: number, seen: number): BarRow => ({
  ts,
  feed: 'f',
  symbol: 'S',
  timeframe: 'M1',
  open: 1,
  high: 2,
  low: 1,
  close,
  tick_volume: 5,
  real_volume: null,
  spread_points: 1,
  utc_offset_s: 7200,
  ts_seen: seen,
});

test('new bars are written with a version each, known ones not at all', () => {
  const [a, b] = [bar(1, 1.5, 10), bar(2, 1.6, 10)];
  expect(differences([a, b], [], [])).toEqual({ bars: [a, b], revisions: [a, b] });
  expect(differences([bar(1, 1.5, 20), bar(2, 1.6, 20)], [a, b], [a, b])).toEqual({
    bars: [],
    revisions: [],
  });
});

test('a change is a version, and so is the change back', () => {
  const first = bar(1, 1.5, 10);
  const changed = bar(1, 1.7, 20);
  expect(differences([changed], [first], [first])).toEqual({ bars: [changed], revisions: [changed] });
  const back = bar(1, 1.5, 30);
  expect(differences([back], [changed], [changed])).toEqual({ bars: [back], revisions: [back] });
});

test('what a crash left behind is completed with the time at which the version was first seen', () => {
  const first = bar(1, 1.5, 10);
  const version = bar(1, 1.7, 20);
  const again = bar(1, 1.7, 30);
  expect(differences([again], [first], [version])).toEqual({ bars: [version], revisions: [] });
  expect(differences([again], [], [version])).toEqual({ bars: [version], revisions: [] });
  // The other order cannot be left behind by this code; it is completed all the same.
  expect(differences([again], [version], [])).toEqual({ bars: [], revisions: [again] });
});

test('an answer that is older than what the tables say changes nothing', () => {
  const newer = bar(1, 1.7, 20);
  expect(differences([bar(1, 1.5, 10)], [newer], [newer])).toEqual({ bars: [], revisions: [] });
  expect(differences([bar(1, 1.5, 10)], [], [newer])).toEqual({ bars: [], revisions: [] });
});

const deal: DealRow = {
  ts: 100,
  account: 'a',
  deal_id: 9_007_199_254_740_993n,
  order_id: 1,
  position_id: null,
  symbol: 'S',
  type: 'Buy',
  entry: 'In',
  volume: 1,
  price: 1,
  commission: -1,
  swap: 0,
  profit: 0,
  magic: 0,
  comment: '',
  utc_offset_s: 7200,
  ts_seen: 10,
};

const ofDeals = (rows: DealRow[], stored: DealRow[], seen: DealRow[]) =>
  versionDifferences(rows, stored, seen, DEAL_VERSIONS);

test('a deal keeps the time that it had first, under whatever time it is told later', () => {
  const moved = { ...deal, ts: 200, utc_offset_s: 10_800, ts_seen: 20 };
  expect(ofDeals([moved], [deal], [deal])).toEqual({ rows: [], revisions: [] });
  const dearer = { ...moved, commission: -2 };
  const kept = { ...dearer, ts: 100, utc_offset_s: 7200 };
  expect(ofDeals([dearer], [deal], [deal])).toEqual({ rows: [kept], revisions: [kept] });
  expect(ofDeals([moved], [], [])).toEqual({ rows: [moved], revisions: [moved] });
});

test('numbers beyond what a double holds are told apart', () => {
  const neighbour = { ...deal, deal_id: 9_007_199_254_740_992n, ts_seen: 20 };
  expect(ofDeals([neighbour], [deal], [deal]).rows).toEqual([neighbour]);
});
