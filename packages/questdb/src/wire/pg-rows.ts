// The rows of one statement over the PostgreSQL wire, for `fxtape sql`. In: a URL and a statement. Out: the columns, then the rows one by
// one. The server is read no faster than rows are taken, so memory does not grow with the result.
import { Socket } from 'node:net';
import { FxtapeError } from '@fxtape/ops';
import pg from 'pg';

/** The kind of a value; `text` for every type not listed. */
export type PgKind = 'boolean' | 'integer' | 'number' | 'timestamp' | 'text';

export interface PgColumn {
  readonly name: string;
  readonly kind: PgKind;
}

export type PgRow = readonly (string | null)[];

/** By PostgreSQL's type ids. */
const KINDS = new Map<number, PgKind>([
  [16, 'boolean'],
  [20, 'integer'],
  [21, 'integer'],
  [23, 'integer'],
  [700, 'number'],
  [701, 'number'],
  [1114, 'timestamp'],
  [1184, 'timestamp'],
]);

const MOST_WAITING_ROWS = 1000;
const CONNECT_MS = 10_000;

/**
 * Values as QuestDB prints them, but timestamps, which are UTC, in the form of ISO 8601. Leaving the loop ends the statement.
 * Errors: QDB_PG_UNREACHABLE (transient); QDB_SQL, QDB_PG_LOGIN (terminal).
 */
export async function* pgRows(
  url: string,
  sql: string,
): AsyncGenerator<{ readonly columns: readonly PgColumn[] } | { readonly row: PgRow }> {
  const socket = new Socket();
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_MS,
    stream: () => socket,
    types: { getTypeParser: () => (text: string) => text },
  });
  const arrived: PgRow[] = [];
  let columns: readonly PgColumn[] | null = null;
  let ended: { readonly error: unknown } | null = null;
  let wake = Promise.withResolvers<void>();
  const end = (error: unknown): void => {
    ended ??= { error };
    wake.resolve();
  };
  client.on('error', end);
  try {
    await client.connect();
    const asked: pg.QueryArrayConfig = { text: sql, rowMode: 'array' };
    const query = client.query(new pg.Query<(string | null)[]>(asked));
    query.on('row', (row, result) => {
      columns ??= (result?.fields ?? []).map(columnOf);
      arrived.push(row);
      if (arrived.length >= MOST_WAITING_ROWS) socket.pause();
      wake.resolve();
    });
    query.on('end', (result) => {
      // Several statements give several results, which would come out as one table.
      if (Array.isArray(result)) return end(severalStatements());
      columns ??= result.fields.map(columnOf);
      end(null);
    });
    query.on('error', end);
    let announced = false;
    for (;;) {
      if (!announced && columns !== null) {
        announced = true;
        yield { columns };
      }
      for (const row of arrived.splice(0)) yield { row: utc(row, columns ?? []) };
      if (arrived.length > 0) continue;
      if (ended !== null) break;
      wake = Promise.withResolvers();
      socket.resume();
      await wake.promise;
    }
    const { error } = ended as { readonly error: unknown };
    if (error !== null) throw error;
  } catch (error) {
    throw pgFailure(error);
  } finally {
    socket.destroy();
  }
}

export function columnOf({ dataTypeID, name }: pg.FieldDef): PgColumn {
  return { name, kind: KINDS.get(dataTypeID) ?? 'text' };
}

/** `2026-11-28 12:00:00.123456` → `2026-11-28T12:00:00.123456Z`. */
export function utc(row: PgRow, columns: readonly PgColumn[]): PgRow {
  return row.map((value, i) =>
    value === null || columns[i]?.kind !== 'timestamp' ? value : `${value.replace(' ', 'T')}Z`,
  );
}

function severalStatements(): FxtapeError {
  return new FxtapeError({
    code: 'QDB_SQL',
    message: 'the query has several statements',
    hint: 'Send one statement at a time',
  });
}

/** An error of this wire, with a code. */
export function pgFailure(cause: unknown): FxtapeError {
  if (cause instanceof FxtapeError) return cause;
  const refused = cause instanceof pg.DatabaseError;
  const message = cause instanceof Error ? cause.message : String(cause);
  if (refused && /invalid username|password/i.test(message)) {
    return new FxtapeError({
      code: 'QDB_PG_LOGIN',
      message: 'QuestDB refuses the user or password over the PostgreSQL wire',
    });
  }
  if (refused) {
    return new FxtapeError({
      code: 'QDB_SQL',
      message: `QuestDB refused a statement: ${message}`,
      hint: 'Correct the statement; this user can only read',
    });
  }
  return new FxtapeError({
    code: 'QDB_PG_UNREACHABLE',
    message: `QuestDB cannot be reached over the PostgreSQL wire (${(cause as NodeJS.ErrnoException).code ?? message})`,
  });
}
