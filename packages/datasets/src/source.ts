// Where a dataset's rows come from. `packages/questdb` implements it; the two meet in the command. All times are microseconds UTC; ranges
// do not include their end.
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
  /** Of bars; empty means all. */
  readonly timeframes: readonly string[];
  /** What was known at this time; null: what is known now. */
  readonly asOfUs: number | null;
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

/** The values of a kind's series columns: whose rows they are. */
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

/** Rows of one series in a range, as one Parquet file. */
export interface Slice extends Range {
  readonly selection: Selection;
  readonly series: Series;
}

export interface Extent {
  readonly rows: number;
  /** Of the kind's time column; null without rows. */
  readonly firstUs: number | null;
  readonly lastUs: number | null;
  readonly stampUs: number | null;
}

/** A hole in what the dataset covers. */
export interface KnownGap {
  readonly gapId: string;
  readonly account: string | null;
  readonly feed: string | null;
  /** Null: all symbols of the stream. */
  readonly symbol: string | null;
  readonly stream: string;
  readonly timeframe: string | null;
  readonly fromUs: number;
  /** Null while the gap has no end. */
  readonly toUs: number | null;
  readonly cause: string;
  readonly state: string;
  readonly rowsHealed: number | null;
  readonly updatedUs: number;
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

/** Rows that were moved to another clock rule. */
export interface KnownCorrection {
  readonly server: string;
  readonly appliedUs: number;
  readonly ruleId: string | null;
}

export interface RowSource {
  /** What is said of the database in a commit, such as `QuestDB 9.3.4`. */
  version(signal?: AbortSignal): Promise<string>;
  /** Every day that has rows, by series and day. Its cost depends on days and symbols, and on the rows read, not on their values. */
  days(selection: Selection, signal?: AbortSignal): Promise<readonly DayRows[]>;
  extent(slice: Slice, signal?: AbortSignal): Promise<Extent>;
  /**
   * The rows as one Parquet file: zstd, row groups of 100,000, in the kind's order, without series columns. A stream that fails was cut
   * off; one that ends may still be incomplete: the caller compares it with `extent` before and after.
   */
  parquet(slice: Slice, signal?: AbortSignal): Promise<Readable>;
  /** Gaps that touch the selection; as of `asOfUs` where it is given. */
  gaps(selection: Selection, signal?: AbortSignal): Promise<readonly KnownGap[]>;
  /** Rules of the servers whose rows are selected. They are today's, also with `asOfUs`. */
  clockRules(selection: Selection, signal?: AbortSignal): Promise<readonly KnownClockRule[]>;
  conditions(selection: Selection, signal?: AbortSignal): Promise<readonly KnownCondition[]>;
  /** Corrections of these rows, oldest first. */
  corrections(selection: Selection, signal?: AbortSignal): Promise<readonly KnownCorrection[]>;
  /** Start of the oldest day that the kind's table still holds; earlier days may have left the database. Null when it is empty. */
  oldestUs(kind: KindName, signal?: AbortSignal): Promise<number | null>;
}
