// All tables by name: those of the live path and those of history. One place: the migrations, the encoder, the data dictionary and
// the schema check are tested against these definitions.
import type { RowOf } from './table-def.ts';
import { historyTables } from './tables-history.ts';
import { liveTables } from './tables-live.ts';

export const tables = { ...liveTables, ...historyTables } as const;

export type TableName = keyof typeof tables;
/** The tables that the collector writes. */
export type LiveTableName = keyof typeof liveTables;
/** A row of the named table. */
export type TableRow<N extends TableName> = RowOf<(typeof tables)[N]>;

/** The definition of a table by its name. */
export function tableDef(name: TableName): (typeof tables)[TableName] {
  return tables[name];
}
