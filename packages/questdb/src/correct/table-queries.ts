// Queries about a whole table. In: its name. Out: its columns, the accounts or feeds in it, the offsets of its rows. A large table is read
// piece by piece: the server cancels a statement that runs too long.
import { asObjects } from '../wire/exec-answer.ts';
import type { QuestDbHttp } from '../wire/quest-db-http.ts';
import { sqlText } from '../wire/sql-text.ts';
import { stretchesOf, within } from './windows.ts';

type Http = Pick<QuestDbHttp, 'exec'>;

/** Rows per statement; it reads a single column. */
const ROWS_AT_ONCE = 50_000_000;

/** How long one statement may take. */
export const STATEMENT_MS = 600_000;

/** A column as the database has it, including columns that users added. */
export interface StoredColumn {
  readonly name: string;
  readonly type: string;
}

/** The columns of a table as it is, in order. Errors: as `exec`. */
export async function storedColumns(http: Http, table: string): Promise<StoredColumn[]> {
  const { dataset } = await http.exec(`SELECT "column", type FROM table_columns(${sqlText(table)})`);
  return dataset.map(([name, type]) => ({ name: String(name), type: String(type) }));
}

/** The accounts or feeds whose rows a table contains. Errors: as `exec`. */
export async function namesIn(http: Http, table: string, by: 'feed' | 'account'): Promise<Set<string>> {
  const found = new Set<string>();
  for (const window of await stretchesOf(http, table, ROWS_AT_ONCE)) {
    const { dataset } = await http.exec(`SELECT DISTINCT ${by} FROM ${table} WHERE ${within(window)}`, {
      deadlineMs: STATEMENT_MS,
    });
    for (const [name] of dataset) if (typeof name === 'string') found.add(name);
  }
  return found;
}

/** The least and the greatest offset; null if no row has one. Errors: as `exec`. */
export async function offsetsIn(
  http: Http,
  table: string,
): Promise<{ readonly leastS: number; readonly mostS: number } | null> {
  const found: number[] = [];
  for (const window of await stretchesOf(http, table, ROWS_AT_ONCE)) {
    const [row = {}] = asObjects(
      await http.exec(
        `SELECT min(utc_offset_s) a, max(utc_offset_s) b FROM ${table} WHERE ${within(window)}`,
        { deadlineMs: STATEMENT_MS },
      ),
    );
    for (const cell of [row['a'], row['b']]) if (typeof cell === 'number') found.push(cell);
  }
  return found.length === 0 ? null : { leastS: Math.min(...found), mostS: Math.max(...found) };
}
