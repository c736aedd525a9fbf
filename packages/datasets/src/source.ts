// The interface through which a dataset gets its rows. `packages/questdb` implements it; the commands connect the two. All times are
// microseconds UTC; ranges are [fromUs, toUs).
import type { Readable } from 'node:stream';
import type { KindName, SeriesColumn } from './kinds.ts';

export interface Range {
  readonly fromUs: number;
  readonly toUs: number;
}

/** Which rows a dataset holds. */
export interface Selection extends Range {
  readonly kind: KindName;
  /** Names, or globs with `*` and `?`; empty means all. */
  readonly feeds: readonly string[];
  readonly symbols: readonly string[];
  readonly accounts: readonly string[];
  /** For bars only; empty means all. */
  readonly timeframes: readonly string[];
  /** Rows as they were known at this time; null: as they are known now. */
  readonly asOfUs: number | null;
  /** Whether the rows also have the kind's reception columns. */
  readonly reception: boolean;
  readonly resample: Resample | null;
}

/** Bars made from ticks. */
export interface Resample {
  readonly widthUs: number;
  readonly price: 'bid' | 'ask' | 'mid';
  /** Whether days begin at midnight UTC or at midnight of the broker's clock; it matters for widths over an hour. */
  readonly align: 'utc' | 'broker';
}

/** The values of a kind's series columns, such as `{ feed: 'icm', symbol: 'EURUSD' }`. */
export type Series = Readonly<Partial<Record<SeriesColumn, string>>>;

/** The rows of one series on one UTC day. */
export interface DayRows {
  readonly series: Series;
  /** Midnight UTC. */
  readonly dayUs: number;
  readonly rows: number;
  /** Newest value of the kind's stamp column; null when no row has one. */
  readonly stampUs: number | null;
}

/** The rows of one series in a range; they become one Parquet file. */
export interface Slice extends Range {
  readonly selection: Selection;
  readonly series: Series;
}

/** How many rows a slice has, and their bounds. */
export interface Extent {
  readonly rows: number;
  /** Smallest and largest value of the kind's time column; null without rows. */
  readonly firstUs: number | null;
  readonly lastUs: number | null;
  /** Newest value of the kind's stamp column; null when no row has one. */
  readonly stampUs: number | null;
}

/** A gap that touches the range of a dataset. */
export interface KnownGap {
  readonly gapId: string;
  readonly account: string | null;
  readonly feed: string | null;
  /** Null: all symbols of the stream. */
  readonly symbol: string | null;
  readonly stream: string;
  readonly timeframe: string | null;
  readonly fromUs: number;
  /** Null: the gap has not ended. */
  readonly toUs: number | null;
  readonly cause: string;
  readonly state: string;
  readonly rowsHealed: number | null;
  readonly updatedUs: number;
}

/**
 * A range of a series that is neither covered nor in a gap: whether rows are missing is not known. `timeframe` of bars; `feed` and `symbol`, or
 * `account`, as the kind has them.
 */
export interface UncoveredRange extends Range {
  readonly account: string | null;
  readonly feed: string | null;
  readonly symbol: string | null;
  readonly timeframe: string | null;
}

/** The clock rule of a broker's server from `fromUs` on. */
export interface KnownClockRule {
  readonly server: string;
  readonly fromUs: number;
  readonly decidedUs: number;
  readonly rule: string | null;
  readonly ruleId: string | null;
  readonly confidence: string | null;
}

/** The verdict on a broker's day. */
export interface KnownCondition {
  readonly feed: string;
  readonly symbol: string;
  /** Start of the broker's day. */
  readonly dayUs: number;
  readonly condition: string;
  readonly reason: string | null;
}

/** A clock correction: rows of a server were moved to another clock rule. */
export interface KnownCorrection {
  readonly server: string;
  /** The selected feeds of that server; of kinds by account its accounts. */
  readonly names: readonly string[];
  readonly appliedUs: number;
  readonly ruleId: string | null;
}

export interface RowSource {
  /** Name and version of the database, for the commit, such as `QuestDB 9.3.4`. */
  version(signal?: AbortSignal): Promise<string>;
  /** Every UTC day that has rows, ordered by series and day. */
  days(selection: Selection, signal?: AbortSignal): Promise<readonly DayRows[]>;
  extent(slice: Slice, signal?: AbortSignal): Promise<Extent>;
  /**
   * The rows as one Parquet file: zstd, row groups of 100,000, in the kind's order, without series columns. The stream fails when the
   * answer is cut off. A stream that ends may still lack rows: the caller compares it with `extent`, asked before and after.
   */
  parquet(slice: Slice, signal?: AbortSignal): Promise<Readable>;
  /** Gaps that touch the selection; with `asOfUs`, as they were known then. */
  gaps(selection: Selection, signal?: AbortSignal): Promise<readonly KnownGap[]>;
  /** Ranges of the selection that neither coverage nor one of the gaps accounts for; none as of a time. */
  uncovered(
    selection: Selection,
    gaps: readonly KnownGap[],
    signal?: AbortSignal,
  ): Promise<readonly UncoveredRange[]>;
  /** Clock rules of the servers whose rows are selected: today's, even with `asOfUs`. */
  clockRules(selection: Selection, signal?: AbortSignal): Promise<readonly KnownClockRule[]>;
  /** Verdicts on the broker's days of the selection: today's, even with `asOfUs`. */
  conditions(selection: Selection, signal?: AbortSignal): Promise<readonly KnownCondition[]>;
  /** Clock corrections of the selected rows, oldest first. */
  corrections(selection: Selection, signal?: AbortSignal): Promise<readonly KnownCorrection[]>;
  /** Start of the oldest UTC day in the kind's table; retention may have dropped earlier ones. Null: the table is empty. */
  oldestUs(kind: KindName, signal?: AbortSignal): Promise<number | null>;
}
