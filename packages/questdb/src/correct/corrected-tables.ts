// Which tables hold times that were made from a broker's wall clock, and what each row knows of it. In: nothing. Out: of every table of the
// recorder what a correction does with it: the server moves its rows by itself, they have to be read because their columns alone do not
// tell, or nothing in it was made from broker time. A table that is not in this list does not compile.
import { type Kind, STREAMED, type StreamKind, type TableName } from '@fxtape/market/tables';

/** The server moves the rows: their columns have all that is needed. */
export interface SqlCorrection {
  readonly how: 'sql';
  /** The column that names whose clock it is. */
  readonly by: 'feed' | 'account';
  /** The time that was made from broker time, with `utc_offset_s` beside it. */
  readonly time: 'ts' | 'ts_open';
  /** When live rows were received; null: the table has none. In a repeated hour they belong to the pass nearest to it. */
  readonly received: string | null;
  /** Which rows are history: in a repeated hour they stay only where their pass is known. */
  readonly history: string;
  /** Claims and gaps of these rows have this stream. */
  readonly stream: StreamKind;
  /** Bars: one that is longer than the repeated hour holds both passes. */
  readonly bars: boolean;
  /**
   * The table with every version of these rows, in order of `ts_seen`. After the correction rows of different times may have the same key,
   * and a row that another one replaced is only in this table: the newest version of each key is kept.
   */
  readonly versions: 'bar_revisions' | 'deal_revisions' | null;
  /** The values of a version: one that equals the version before it is left out. */
  readonly values: readonly string[];
}

/** Small tables whose rows are read, moved and written here: the rule that they were written with must be looked up. */
interface RowCorrection {
  readonly how: 'rows';
}

/** Nothing in it was made from broker time. */
interface NoCorrection {
  readonly how: 'stays';
  readonly why: string;
}

const live = { how: 'sql', time: 'ts', history: 'false', versions: null, values: [], bars: false } as const;
const past = { ...live, received: null, history: 'true' } as const;
const barValues = ['open', 'high', 'low', 'close', 'tick_volume', 'real_volume', 'spread_points'];
const rows = { how: 'rows' } as const;
const stays = (why: string) => ({ how: 'stays', why }) as const;

/** Streamed tables follow from their kinds. */
const streamed = Object.fromEntries(
  STREAMED.map(({ by, clock, received, stream, table }): [string, SqlCorrection | NoCorrection] => [
    table,
    clock === null ? stays('its time is that of receipt') : { ...live, time: clock, by, received, stream },
  ]),
) as {
  readonly [S in StreamKind as Kind<S>['table']]: Kind<S>['clock'] extends null
    ? NoCorrection
    : SqlCorrection;
};

export const CORRECTIONS = {
  ...streamed,
  ticks: { ...streamed.ticks, history: "source = 'history'" },
  bars: { ...past, by: 'feed', stream: 'bars', bars: true, versions: 'bar_revisions' },
  bar_revisions: { ...past, by: 'feed', stream: 'bars', bars: true, values: barValues },
  deals: { ...past, by: 'account', stream: 'deals', versions: 'deal_revisions' },
  deal_revisions: { ...past, by: 'account', stream: 'deals' },
  positions: rows,
  position_revisions: rows,
  coverage: rows,
  gap_events: rows,
  history_limits: rows,
  daily_quality: rows,
  trading_sessions: rows,
  rejected: stays('its time is that of receipt'),
  accounts: stays('when something became known'),
  symbol_specs: stays('when something became known'),
  streams: stays('when it was configured'),
  clock_rules: stays('decisions about the clock itself'),
  clock_evidence: stays('decisions about the clock itself'),
  clock_applies: stays('when a step was taken'),
  account_epochs: stays('when a recorder took an account'),
} as const satisfies Record<TableName, SqlCorrection | RowCorrection | NoCorrection>;

type Corrected<How extends string> = {
  [N in TableName]: (typeof CORRECTIONS)[N] extends { readonly how: How } ? N : never;
}[TableName];

export type SqlCorrected = Corrected<'sql'>;
export type RowCorrected = Corrected<'rows'>;

const namesOf = <How extends string>(how: How): readonly Corrected<How>[] =>
  Object.entries(CORRECTIONS).flatMap(([name, each]) => (each.how === how ? [name as Corrected<How>] : []));

export const SQL_CORRECTED = namesOf('sql');
export const ROW_CORRECTED = namesOf('rows');

export const isSqlCorrected = (table: string): table is SqlCorrected =>
  (SQL_CORRECTED as readonly string[]).includes(table);
