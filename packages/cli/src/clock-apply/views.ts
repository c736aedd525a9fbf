// Restores the views on replaced tables. In: a database. Out: every view is valid.
import { asObjects, type QuestDbHttp, readMigrations } from '@fxtape/questdb';

/** QuestDB usually finds a view's table again by name. A view that is invalid is created again from the migrations. */
export async function restoreViews(http: Pick<QuestDbHttp, 'exec'>): Promise<void> {
  const rows = asObjects(await http.exec('SELECT view_name, view_status FROM views()'));
  const valid = new Set(
    rows.flatMap((row) => (row['view_status'] === 'valid' ? [String(row['view_name'])] : [])),
  );
  for (const { statements } of await readMigrations())
    for (const statement of statements) {
      const name = /^CREATE VIEW IF NOT EXISTS (\w+)/.exec(statement)?.[1];
      if (name === undefined || valid.has(name)) continue;
      await http.exec(`DROP VIEW IF EXISTS ${name}`);
      await http.exec(statement);
    }
}
