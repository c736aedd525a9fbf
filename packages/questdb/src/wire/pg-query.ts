// One statement over the PostgreSQL wire, as psql and BI tools connect. It checks that this way works and shows the same rows; the recorder
// itself uses HTTP. In: a URL and a statement. Out: rows with every value as text.
import { FxtapeError } from '@fxtape/ops';
import pg from 'pg';

/**
 * Values as QuestDB prints them; timestamps have no zone and are UTC.
 * Errors: QDB_PG_UNREACHABLE (transient), QDB_SQL (terminal).
 */
export async function pgQuery(
  url: string,
  sql: string,
  options: { deadlineMs?: number } = {},
): Promise<Record<string, string | null>[]> {
  const deadlineMs = options.deadlineMs ?? 10_000;
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: deadlineMs,
    query_timeout: deadlineMs,
    types: { getTypeParser: () => (text: string) => text },
  });
  // An idle connection that is lost reports here; a running query fails by itself.
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.query<Record<string, string | null>>(sql)).rows;
  } catch (cause) {
    if (cause instanceof pg.DatabaseError) {
      throw new FxtapeError({
        code: 'QDB_SQL',
        message: `QuestDB refused a statement: ${cause.message}`,
        hint: 'Check that the migrations have run, and that QUESTDB_PG_URL has the right user and password',
        context: { sql: sql.slice(0, 500) },
      });
    }
    throw new FxtapeError({
      code: 'QDB_PG_UNREACHABLE',
      message: `QuestDB cannot be reached over the PostgreSQL wire (${(cause as NodeJS.ErrnoException).code ?? 'no answer'})`,
      hint: 'Check that QuestDB is running, and check QUESTDB_PG_URL',
    });
  } finally {
    await client.end().catch(() => {}); // the answer, or the error above, is what counts
  }
}
