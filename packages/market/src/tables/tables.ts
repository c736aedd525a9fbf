// All tables by name. The one place where a table is defined: rows, encoder, schema check and data dictionary are derived from these
// definitions, and the migrations are tested against them. Every `ts` and `ts_*` is true UTC in microseconds.
import type { DescribedTable, RowInputOf, RowOf } from './column.ts';
import { historyTables } from './history.ts';
import { liveTables } from './live.ts';

export const tables = { ...liveTables, ...historyTables } as const;

export type TableName = keyof typeof tables;
/** The tables that the collector writes. */
export type LiveTableName = keyof typeof liveTables;
/** A row of the named table. */
export type TableRow<N extends TableName> = RowOf<(typeof tables)[N]>;
/** A row as a writer takes it: columns that are not keys may be omitted. */
export type RowInput<N extends TableName> = RowInputOf<(typeof tables)[N]>;

/** The definition of a table by its name. */
export function tableDef(name: TableName): DescribedTable {
  return tables[name];
}

export type TickRow = TableRow<'ticks'>;
export type BarEventRow = TableRow<'bar_events'>;
export type TradeEventRow = TableRow<'trade_events'>;
export type AccountEventRow = TableRow<'account_events'>;
export type PositionEventRow = TableRow<'position_events'>;
export type RejectedRow = TableRow<'rejected'>;
export type GapEventRow = TableRow<'gap_events'>;
export type CoverageRow = TableRow<'coverage'>;
export type BarRow = TableRow<'bars'>;
export type DealRow = TableRow<'deals'>;
export type PositionRow = TableRow<'positions'>;
export type SymbolSpecRow = TableRow<'symbol_specs'>;

/** The state of a gap. Only `open` is not final. */
export type GapState = GapEventRow['state'];

/** The rows from one stretch of tape, by table. */
export type Rows = { [N in LiveTableName]: TableRow<N>[] };

export const noRows = (): Rows => ({
  ticks: [],
  bar_events: [],
  trade_events: [],
  account_events: [],
  position_events: [],
  rejected: [],
  gap_events: [],
  coverage: [],
});
