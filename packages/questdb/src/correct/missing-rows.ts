// Finds rows of a replaced table that the new table lacks. In: the corrected rows, and the table that should have them. Out: how many are
// missing; on request they are added. The new table may have more rows, and newer versions of the same rows.
import { asObjects } from '../wire/exec-answer.ts';
import type { QuestDbHttp } from '../wire/quest-db-http.ts';
import { sqlText, sqlTimestamp } from '../wire/sql-text.ts';
import type { TableDef } from '@fxtape/market/tables';
import { tables } from '@fxtape/market/tables';
import { type CorrectedRows, quoted } from './corrected-rows.ts';
import { STATEMENT_MS, storedColumns } from './table-queries.ts';
import { within } from './windows.ts';

const ROWS_AT_ONCE = 400_000;

/** Returns how many rows are missing. `put`: add them; rows older than `sinceUs` do not count. Errors: as `exec`. */
export async function missingRows(
  http: Pick<QuestDbHttp, 'exec'>,
  rows: CorrectedRows,
  into: string,
  { put, sinceUs }: { readonly put: boolean; readonly sinceUs: number },
): Promise<number> {
  await rows.refresh();
  const there = new Set((await storedColumns(http, into)).map(({ name }) => name));
  const columns = rows.columns.map(({ name }) => name).filter((name) => there.has(name));
  const { keys } = tables[rows.table] as TableDef;
  // The row that is there may be a newer version.
  const versioned = rows.spec.versions !== null;
  const on = keys.map((key) => `r.${key} = m.${key}`).join(' AND ');
  const newer = versioned ? ' OR m.ts_seen < r.ts_seen' : '';
  const has = [...keys, ...(versioned ? ['ts_seen'] : [])].join(', ');
  let missing = 0;
  for (const window of await rows.windows(ROWS_AT_ONCE))
    for (const sql of await rows.select(window)) {
      const from = `(${sql}) r LEFT JOIN (SELECT ${has}, 1 fx_is FROM ${into} WHERE ${within(window)}) m ON ${on} WHERE r.ts >= ${sqlTimestamp(sinceUs)} AND (m.fx_is IS NULL${newer})`;
      const [row = {}] = asObjects(
        await http.exec(`SELECT count() n FROM ${from}`, { deadlineMs: STATEMENT_MS }),
      );
      const n = Number(row['n'] ?? 0);
      missing += n;
      if (n === 0 || !put) continue;
      const list = columns.map(quoted).join(', ');
      const values = columns.map((name) => `r.${quoted(name)}`).join(', ');
      await http.exec(`INSERT INTO ${into} (${list}) SELECT ${values} FROM ${from}`, {
        deadlineMs: STATEMENT_MS,
      });
    }
  return missing;
}

/** The earliest time that a table keeps: its TTL may have dropped older partitions. Errors: as `exec`. */
export async function keptSinceUs(
  http: Pick<QuestDbHttp, 'exec'>,
  table: string,
  nowUs: number,
): Promise<number> {
  const [row = {}] = asObjects(
    await http.exec(`SELECT ttlValue n, ttlUnit unit FROM tables() WHERE table_name = ${sqlText(table)}`),
  );
  const hours = Number(row['n'] ?? 0) * (HOURS[String(row['unit'])] ?? 0);
  return hours === 0 ? 0 : Math.max(0, nowUs - hours * 3_600_000_000);
}

const HOURS: { readonly [unit: string]: number } = {
  HOUR: 1,
  DAY: 24,
  WEEK: 168,
  MONTH: 28 * 24,
  YEAR: 365 * 24,
};
