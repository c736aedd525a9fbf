// The answer of `GET /exec` as columns and rows. In: status and body. Out: cells as JSON values; longs come as strings
// (`quoteLargeNum`), timestamps as ISO text with microseconds. Anything less than a whole, consistent result is an error.
import { FxtapeError } from '@fxtape/ops';
import type { HttpAnswer } from './http-call.ts';

export type Cell = string | number | boolean | null;

export interface ExecAnswer {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly dataset: readonly (readonly Cell[])[];
}

/** Errors: QDB_UNAUTHORIZED, QDB_SQL (terminal); QDB_HTTP_STATUS, QDB_BAD_ANSWER (transient). */
export function readExecAnswer(answer: HttpAnswer, sql: string): ExecAnswer {
  const { status } = answer;
  const text = answer.body.toString('utf8');
  if (status === 401 || status === 403) {
    throw new FxtapeError({
      code: 'QDB_UNAUTHORIZED',
      message: `QuestDB refuses the credentials (${status})`,
    });
  }
  const parsed = parse(text);
  if (parsed !== null && typeof parsed['error'] === 'string') {
    throw sqlError(parsed['error'], parsed['position'], sql);
  }
  if (status !== 200) {
    throw new FxtapeError({
      code: 'QDB_HTTP_STATUS',
      message: `QuestDB answered a query with status ${status}: ${text.slice(0, 200)}`,
      context: { status, sql: sql.slice(0, 200) },
    });
  }
  if (parsed?.['ddl'] === 'OK' || parsed?.['dml'] === 'OK') return { columns: [], dataset: [] };
  const { columns, dataset, count } = parsed ?? {};
  if (!Array.isArray(columns) || !Array.isArray(dataset))
    throw badAnswer('neither a result nor an error', sql);
  if (count !== undefined && Number(count) !== dataset.length)
    throw badAnswer('rows are missing from the result', sql);
  return { columns, dataset } as ExecAnswer;
}

/** The rows as objects by column name. */
export function asObjects(answer: ExecAnswer): Record<string, Cell>[] {
  return answer.dataset.map((cells) =>
    Object.fromEntries(answer.columns.map((column, i) => [column.name, cells[i] ?? null])),
  );
}

function parse(text: string): Record<string, unknown> | null {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : null;
  } catch {
    return null; // the caller turns it into an error
  }
}

function sqlError(error: string, position: unknown, sql: string): FxtapeError {
  return new FxtapeError({
    code: 'QDB_SQL',
    message: `QuestDB refused a statement: ${error}`,
    hint: /could not mmap/.test(error)
      ? 'Raise the number of files that QuestDB may map (sysctl -w vm.max_map_count=1048576), then run the command again: this many partitions need more'
      : 'Check that the migrations have run and that nobody else changed the tables',
    context: { error, position, sql: sql.slice(0, 500) },
  });
}

function badAnswer(what: string, sql: string): FxtapeError {
  return new FxtapeError({
    code: 'QDB_BAD_ANSWER',
    message: `the server at the address of QuestDB does not answer like QuestDB: ${what}`,
    context: { sql: sql.slice(0, 200) },
  });
}
