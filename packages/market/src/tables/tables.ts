// All tables by name. The one place where a table is defined: rows, encoder, schema check and data dictionary are derived from these
// definitions, and the migrations are tested against them. Every `ts` and `ts_*` is true UTC in microseconds.
import type { DescribedTable, RowInputOf, RowOf } from './column.ts';
import { historyTables } from './history.ts';
import { KINDS, STREAMS } from './kinds.ts';
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

/** The streamed tables: whose clock and name a row has, and the column that says when it was received. */
export const STREAMED = STREAMS.map((stream) => {
  const { table, per, clock, isCovered } = KINDS[stream];
  const { columns }: DescribedTable = tables[table];
  const received = columns.some(({ name }) => name === 'ts_recv') ? 'ts_recv' : 'ts';
  return { stream, table, clock, isCovered, by: per === 'account' ? 'account' : 'feed', received } as const;
});

export type TickRow = TableRow<'ticks'>;
export type TradeEventRow = TableRow<'trade_events'>;
export type RejectedRow = TableRow<'rejected'>;
export type GapEventRow = TableRow<'gap_events'>;
export type CoverageRow = TableRow<'coverage'>;
export type BarRow = TableRow<'bars'>;
export type DealRow = TableRow<'deals'>;
export type PositionRow = TableRow<'positions'>;
export type SymbolSpecRow = TableRow<'symbol_specs'>;

/** The rows from one stretch of tape, by table. */
export type Rows = { [N in LiveTableName]: TableRow<N>[] };

export const noRows = (): Rows =>
  Object.fromEntries(Object.keys(liveTables).map((name): [string, unknown[]] => [name, []])) as Rows;
