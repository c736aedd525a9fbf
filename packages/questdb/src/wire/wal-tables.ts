// How far each table has applied its log: the log's end (`sequencerTxn`) and what queries see of it (`writerTxn`). After a crash of the
// server, and while a table is suspended, queries lag behind, as if rows were missing.
import { FxtapeError } from '@fxtape/ops';
import { asObjects } from './exec-answer.ts';
import type { CallOptions, QuestDbHttp } from './quest-db-http.ts';
import { sqlText } from './sql-text.ts';

export interface WalTable {
  readonly name: string;
  /** Nothing is applied until somebody resumes it: `ALTER TABLE t RESUME WAL`. */
  readonly suspended: boolean;
  readonly writerTxn: number;
  readonly sequencerTxn: number;
  /** Why it is suspended, as far as the server says. */
  readonly errorMessage: string | null;
}

/** The named tables that exist, by name. Errors: as `exec`. */
export async function walTables(
  http: Pick<QuestDbHttp, 'exec'>,
  names: readonly string[],
  options: CallOptions = {},
): Promise<Map<string, WalTable>> {
  if (names.length === 0) return new Map();
  const answer = await http.exec(
    `SELECT name, suspended, writerTxn, sequencerTxn, errorTag, errorMessage FROM wal_tables() WHERE name IN (${names.map(sqlText).join(', ')})`,
    options,
  );
  return new Map(
    asObjects(answer).map((row) => [
      String(row['name']),
      {
        name: String(row['name']),
        suspended: row['suspended'] === true,
        writerTxn: Number(row['writerTxn']),
        sequencerTxn: Number(row['sequencerTxn']),
        errorMessage: [row['errorTag'], row['errorMessage']].filter(Boolean).join(': ') || null,
      },
    ]),
  );
}

export function noTable(name: string): FxtapeError {
  return new FxtapeError({
    code: 'QDB_NO_TABLE',
    message: `the table ${name} does not exist in QuestDB`,
    context: { table: name },
  });
}

export function suspended(table: WalTable): FxtapeError {
  return new FxtapeError({
    code: 'QDB_SUSPENDED',
    message: `QuestDB has suspended the table ${table.name}${table.errorMessage === null ? '' : ` (${table.errorMessage})`}: its log keeps new rows, but queries cannot see them`,
    hint: `Fix the cause (often a full disk), then run: ALTER TABLE ${table.name} RESUME WAL`,
    context: { ...table },
  });
}
