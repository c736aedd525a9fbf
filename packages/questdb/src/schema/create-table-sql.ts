// A table definition as the statement that creates it. The migrations hold these statements as text that never changes; a unit
// test compares the two, so that a definition cannot drift away from the table that is created.
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
