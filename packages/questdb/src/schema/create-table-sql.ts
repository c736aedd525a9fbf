// The statement that creates a table. In: its definition. Out: SQL. The migrations hold these statements as text that never changes; a unit
// test compares both, so a definition cannot drift from the table it describes.
import type { Column, TableDef } from '@fxtape/market/tables';

/** `CREATE TABLE IF NOT EXISTS …`, without the closing semicolon. */
export function createTableSql(def: TableDef): string {
  const columns = def.columns.map((column) => `  ${column.name} ${sqlType(column)}`).join(',\n');
  return [
    `CREATE TABLE IF NOT EXISTS ${def.name} (`,
    columns,
    `) TIMESTAMP(${def.designated}) PARTITION BY ${def.partition} WAL`,
    `DEDUP UPSERT KEYS(${def.keys.join(', ')})`,
  ].join('\n');
}

/** The type as QuestDB spells it, in DDL and in its catalogue. */
export function sqlType(column: Column): string {
  return column.type.toUpperCase();
}
