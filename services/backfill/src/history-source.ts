// What the reading of pages needs to know of a kind of history: how to ask, where a row stands in time, and what fits between two rows.
import type { IncompleteRow, Range } from '@fxtape/market';
import type { Purpose } from './numbers.ts';
import type { SpanLimits } from './range-memory.ts';

export interface RejectedItem {
  readonly raw: unknown;
  readonly reason: string;
}

/** One answer, or several that were put together: rows in range, oldest first. */
export interface HistoryAnswer<R> {
  readonly range: Range;
  readonly rows: readonly R[];
  /** Rows of the answer with a time outside the range: stored, and no proof of anything. */
  readonly beside: readonly R[];
  /** Rows as answered, those outside the range and rejected ones included. */
  readonly size: number;
  readonly rejected: readonly RejectedItem[];
  /** What of `rows` has null where something unreadable stood. */
  readonly incomplete: readonly IncompleteRow<R>[];
  /** What cannot be told apart on the broker's clock. */
  readonly ambiguous: readonly Range[];
  /** Where what is not final yet begins; null when all is. */
  readonly openFromUs: number | null;
  /** Whether a row that is known to stand before the range came as well; null: none was asked for. */
  readonly anchored: boolean | null;
}

export interface HistorySource<R> {
  /** For people: `M1 bars of EURUSD`. */
  readonly what: string;
  /** Where the sizes that work are remembered. */
  readonly memoryKey: string;
  /** What has its first use. */
  readonly streamKey: string;
  readonly route: string;
  readonly limits: SpanLimits;
  /** The time by which the gateway selects. */
  readonly atUs: (row: R) => number;
  /** Two rows with the same id are the same. */
  readonly idOf: (row: R) => unknown;
  /** True when no row fits between the bound, itself included, and the first row. */
  readonly headIsTight: (fromUs: number, firstUs: number) => boolean;
  /** True when no row fits between the last row and the bound, itself excluded. */
  readonly tailIsTight: (lastUs: number, toUs: number) => boolean;
  /** An answer without rows is what is known of this stream: it needs no second one. */
  readonly emptyIsKnown?: boolean;
  /** Asks once. Errors: the client's, HISTORY_NOT_READY, SYMBOL_NOT_LISTED. */
  readonly read: (range: Range, purpose: Purpose) => Promise<HistoryAnswer<R>>;
}
