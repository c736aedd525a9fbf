// The row of coverage for a range of history that was just proved, merged with the coverage it touches. In: what is covered, and what was
// proved. Out: one row, which covers nothing that was not proved. The key of a row is its start and the last write of a key wins, so proving a
// stream piece by piece rewrites the row of its month (for bars of an hour and more, its year) instead of adding rows.
//
//   known      ├───────────┤        ├──────┤           bucket starts: │
//   proved                 ├────────┤
//   row              │     ts·············ts_to        ts = later of the starts of the merged range and the bucket

import { type Range, unite } from '../time/ranges.ts';
import type { CoverageRow } from '../tables/tables.ts';

/** A recorded stream of an account; feed, symbol and timeframe are null where they do not apply. */
export interface HistoryKey {
  readonly account: string;
  readonly feed: string | null;
  readonly symbol: string | null;
  readonly stream: string;
  readonly timeframe: string | null;
}

export interface HistoryClaimOptions {
  readonly key: HistoryKey;
  /** Stored history coverage of the stream under the same rule; at least what touches `proved`. */
  readonly known: readonly Range[];
  readonly proved: Range;
  /** Rows found in `proved`. */
  readonly rows: number;
  readonly ruleId: string;
}

const YEARLY = new Set<string | null>(['H1', 'H4', 'D1', 'W1', 'MN1']);

/** Start of the UTC month or year that holds an instant, in microseconds. */
const bucketStart = (timeframe: string | null, us: number): number => {
  const date = new Date(Math.floor(us / 1000));
  return Date.UTC(date.getUTCFullYear(), YEARLY.has(timeframe) ? 0 : date.getUTCMonth(), 1) * 1000;
};

/** The row to write. Throws RangeError for an empty range. */
export const historyClaim = ({ key, known, proved, rows, ruleId }: HistoryClaimOptions): CoverageRow => {
  if (!(proved.toUs > proved.fromUs)) throw new RangeError('cannot claim an empty range');
  const island = unite([...known, proved]).find(
    (range) => range.fromUs <= proved.fromUs && range.toUs >= proved.toUs,
  ) as Range;
  return {
    ts: Math.max(island.fromUs, bucketStart(key.timeframe, proved.fromUs)),
    account: key.account,
    feed: key.feed,
    symbol: key.symbol,
    stream: key.stream,
    timeframe: key.timeframe,
    range_id: 'history',
    ts_to: island.toUs,
    source: 'history',
    rows,
    rule_id: ruleId,
  };
};
