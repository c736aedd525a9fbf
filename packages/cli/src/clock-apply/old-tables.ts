// The tables that corrections have replaced, by their names. In: a database. Out: which there are; and without them.
import { asObjects, dropTable, type QuestDbHttp, ROW_CORRECTED, SQL_CORRECTED } from '@fxtape/questdb';

const NAMES = [...Object.keys(SQL_CORRECTED), ...ROW_CORRECTED];
const OLD = new RegExp(`^(?:${NAMES.join('|')})_before_\\d{8}T\\d{6}$`);

export async function oldTables(http: Pick<QuestDbHttp, 'exec'>): Promise<string[]> {
  const rows = asObjects(await http.exec('SELECT table_name FROM tables() ORDER BY table_name'));
  return rows.flatMap(({ table_name: name }) => (typeof name === 'string' && OLD.test(name) ? [name] : []));
}

export async function dropOldTables(
  http: Pick<QuestDbHttp, 'exec'>,
  names: readonly string[],
): Promise<void> {
  for (const name of names) await dropTable(http, name);
}
