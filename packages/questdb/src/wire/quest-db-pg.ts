// QuestDB over the PostgreSQL wire as the read-only user, for processes that change nothing. In: a URL and statements. Out: the same
// answers as over HTTP, so that the readers work with either.
import pg from 'pg';
import type { Cell, ExecAnswer } from './exec-answer.ts';
import { columnOf, type PgColumn, pgFailure, utc } from './pg-rows.ts';
import type { CallOptions } from './quest-db-http.ts';

const CONNECTIONS = 3;
const DEADLINE_MS = 30_000;

export class QuestDbPg {
  readonly #pool: pg.Pool;

  /** `url`: as in QUESTDB_READER_URL. */
  constructor(options: { url: string }) {
    this.#pool = new pg.Pool({
      connectionString: options.url,
      max: CONNECTIONS,
      connectionTimeoutMillis: DEADLINE_MS,
      query_timeout: DEADLINE_MS,
      // Idle connections do not keep the process alive.
      allowExitOnIdle: true,
      types: { getTypeParser: () => (text: string) => text },
    });
    // An idle connection that is lost reports here; the next query opens another one.
    this.#pool.on('error', () => {});
  }

  /** One statement. Errors: QDB_PG_UNREACHABLE (transient), QDB_SQL, QDB_PG_LOGIN (terminal); an abort rejects with the signal's reason. */
  async exec(sql: string, { signal }: Pick<CallOptions, 'signal'> = {}): Promise<ExecAnswer> {
    signal?.throwIfAborted();
    const asked: pg.QueryArrayConfig = { text: sql, rowMode: 'array' };
    try {
      const { fields, rows } = await this.#pool.query<(string | null)[]>(asked);
      const columns = fields.map(columnOf);
      return {
        columns: columns.map(({ kind, name }) => ({ name, type: kind })),
        dataset: rows.map((row) => utc(row, columns).map((value, i) => cellOf(value, columns[i]))),
      };
    } catch (error) {
      signal?.throwIfAborted();
      throw pgFailure(error);
    }
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}

/** Longs stay text, as over HTTP: a number cannot hold all of them. */
function cellOf(value: string | null, column: PgColumn | undefined): Cell {
  if (value === null) return null;
  if (column?.kind === 'boolean') return value === 't' || value === 'true';
  return column?.kind === 'number' ? Number(value) : value;
}
