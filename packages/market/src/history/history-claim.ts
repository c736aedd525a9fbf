// The coverage row for a range of history that was just proved, grown into what it touches. A row is keyed by its start, and
// the last write of a key wins: so a stream that is proved piece by piece rewrites the row of its month (its year, for bars of an
// hour and more) instead of adding one per piece. In: what is known of the stream, and what was proved. Out: one row, which never
// claims an instant that was not proved.
//
//   known      ├───────────┤        ├──────┤           bucket starts: │
//   proved                 ├────────┤
//   row              │     ts·············ts_to        ts = later of island's and bucket's start

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
  /** History coverage of the stream that names the same rule, as it is stored now, at least what touches `proved`. */
  readonly known: readonly Range[];
  readonly proved: Range;
  /** Rows that the reading of `proved` found. */
  readonly rows: number;
  readonly ruleId: string;
}

const YEARLY = new Set<string | null>(['H1', 'H4', 'D1', 'W1', 'MN1']);

/** Start of the UTC month or year that holds an instant, in microseconds. */
const bucketStart = (timeframe: string | null, us: number): number => {
  const date = new Date(Math.floor(us / 1000));
  return Date.UTC(date.getUTCFullYear(), YEARLY.has(timeframe) ? 0 : date.getUTCMonth(), 1) * 1000;
};

/** The row to write. Throws RangeError for an empty range, which proves nothing. */
export const historyClaim = ({ key, known, proved, rows, ruleId }: HistoryClaimOptions): CoverageRow => {
  if (!(proved.toUs > proved.fromUs)) throw new RangeError('a range of coverage that is empty');
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
