// Compares two sets of rows without reading them: a count, and a sum over every column, columns that users added included. In: statements
// that select rows, each row in one of them. Out: a text that is equal when count and sums are. Only integers are summed: a sum of doubles
// depends on the order in which the server's threads finish.
import { asObjects } from '../wire/exec-answer.ts';
import type { QuestDbHttp } from '../wire/quest-db-http.ts';
import { quoted } from './corrected-rows.ts';
import { STATEMENT_MS, type StoredColumn } from './table-queries.ts';

export interface Fingerprint {
  readonly rows: number;
  readonly text: string;
}

const WHOLE = new Set(['TIMESTAMP', 'TIMESTAMP_NS', 'DATE', 'LONG', 'INT', 'SHORT', 'BYTE']);

/** Errors: as `exec`. */
export async function fingerprint(
  http: Pick<QuestDbHttp, 'exec'>,
  statements: readonly string[],
  columns: readonly StoredColumn[],
): Promise<Fingerprint> {
  const list = ['count()', ...columns.map(sumSql)].map((sql, i) => `${sql} c${i}`).join(', ');
  const sums: bigint[] = [];
  for (const sql of statements) {
    const [row = {}] = asObjects(
      await http.exec(`SELECT ${list} FROM (${sql})`, { deadlineMs: STATEMENT_MS }),
    );
    for (const [i, cell] of Object.values(row).entries())
      sums[i] = BigInt.asIntN(64, (sums[i] ?? 0n) + BigInt(cell === null ? 0 : (cell as string | number)));
  }
  return { rows: Number(sums[0] ?? 0), text: sums.join(' ') };
}

function sumSql({ name, type }: StoredColumn): string {
  const column = quoted(name);
  if (WHOLE.has(type)) return `sum(cast(${column} as long))`;
  if (type === 'DOUBLE' || type === 'FLOAT') return `sum(cast(${column} * 1000000 as long))`;
  if (type === 'SYMBOL') return `count(${column})`;
  if (type === 'VARCHAR' || type === 'STRING')
    return `sum(CASE WHEN ${column} IS NULL THEN 0 ELSE 1 + length(${column}) END)`;
  if (type === 'BOOLEAN') return `sum(CASE WHEN ${column} THEN 1 ELSE 0 END)`;
  return `sum(CASE WHEN ${column} IS NULL THEN 0 ELSE 1 END)`;
}
