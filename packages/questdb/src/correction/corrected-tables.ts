// Which tables hold times that were made from a broker's wall clock, and what each row knows of it. In: nothing. Out: for tables that the
// server corrects by itself, which column says whose clock it is, which time is moved, and how the pass of an hour that occurs twice is
// told; and the names of the tables whose rows have to be read, because their columns alone do not tell.
import type { TableName } from '../tables.ts';

export interface SqlCorrection {
  /** The column that says whose clock it is. */
  readonly by: 'feed' | 'account';
  /** The time that was made from broker time, with `utc_offset_s` beside it. */
  readonly time: 'ts' | 'ts_open';
  /** When rows of the live path were received; null where there are none. The pass of a repeated hour is the one nearest to it. */
  readonly received: string | null;
  /** Which rows are history: in a repeated hour they stay only where their passes were told apart. */
  readonly history: string;
  /** Grows with each row of one writer: what came since is found by it. */
  readonly grows: string;
  /** Rows of different broker times may have one key after the correction: then those that were right already hold. */
  readonly collides: boolean;
  /** Values of a version: one that equals the version before it is none, and is left out. */
  readonly values: readonly string[];
  /** Bars: one that is longer than the repeated hour holds both passes. */
  readonly bars: boolean;
}

const live = { time: 'ts', history: 'false', collides: false, bars: false, values: [] } as const;
const past = {
  time: 'ts',
  received: null,
  history: 'true',
  grows: 'ts_seen',
  bars: false,
  values: [],
} as const;
const bar = ['open', 'high', 'low', 'close', 'tick_volume', 'real_volume', 'spread_points'];

export const SQL_CORRECTED = {
  ticks: { ...live, by: 'feed', received: 'ts_recv', history: "source = 'history'", grows: 'ts_recv' },
  bar_events: { ...live, by: 'feed', received: 'ts_recv', grows: 'ts_recv' },
  trade_events: { ...live, by: 'account', received: 'ts_recv', grows: 'ts_recv' },
  position_events: { ...live, time: 'ts_open', by: 'account', received: 'ts', grows: 'ts' },
  bars: { ...past, by: 'feed', collides: true, bars: true },
  bar_revisions: { ...past, by: 'feed', collides: false, bars: true, values: bar },
  deals: { ...past, by: 'account', collides: true },
  deal_revisions: { ...past, by: 'account', collides: false },
} as const satisfies Partial<Record<TableName, SqlCorrection>>;

export type SqlCorrected = keyof typeof SQL_CORRECTED;

/** Small ones, of which the old rule has to be looked up: their rows are read, moved and written. */
export const ROW_CORRECTED = [
  'positions',
  'position_revisions',
  'coverage',
  'gap_events',
  'history_limits',
  'daily_quality',
  'trading_sessions',
] as const satisfies readonly TableName[];
export type RowCorrected = (typeof ROW_CORRECTED)[number];

export const isSqlCorrected = (table: string): table is SqlCorrected => table in SQL_CORRECTED;
