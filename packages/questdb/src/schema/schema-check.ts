// Compares a table with its definition: columns, keys, partition. In: a definition and a connection. Out: the differences as sentences; none
// means that a line which QuestDB refuses is at fault itself.
import { sqlType } from './create-table-sql.ts';
import { asObjects } from '../wire/exec-answer.ts';
import type { CallOptions, QuestDbHttp } from '../wire/quest-db-http.ts';
import { sqlText } from '../wire/sql-text.ts';
import type { TableDef } from '@fxtape/market/tables';

/** Sentences without a full stop; empty when the table is as defined. Additional columns are no difference. Errors: as `exec`. */
export async function schemaDifferences(
  http: Pick<QuestDbHttp, 'exec'>,
  def: TableDef,
  options: CallOptions = {},
): Promise<string[]> {
  const name = sqlText(def.name);
  const [table] = asObjects(
    await http.exec(
      `SELECT designatedTimestamp, partitionBy, walEnabled, dedup FROM tables() WHERE table_name = ${name}`,
      options,
    ),
  );
  if (table === undefined) return [`table ${def.name} does not exist`];
  const differences: string[] = [];
  const expect = (what: string, actual: unknown, wanted: unknown) => {
    if (actual !== wanted)
      differences.push(`${def.name}: ${what} is ${String(actual)} instead of ${String(wanted)}`);
  };
  expect('designated timestamp', table['designatedTimestamp'], def.designated);
  expect('partition', table['partitionBy'], def.partition);
  expect('WAL', table['walEnabled'], true);
  expect('deduplication', table['dedup'], true);
  const rows = asObjects(
    await http.exec(`SELECT "column", type, upsertKey FROM table_columns(${name})`, options),
  );
  const columns = new Map(rows.map((row) => [row['column'], row]));
  for (const column of def.columns) {
    expect(`type of ${column.name}`, columns.get(column.name)?.['type'], sqlType(column));
  }
  const keys = rows.filter((row) => row['upsertKey'] === true).map((row) => String(row['column']));
  expect('set of keys', keys.toSorted().join(', '), def.keys.toSorted().join(', '));
  return differences;
}
