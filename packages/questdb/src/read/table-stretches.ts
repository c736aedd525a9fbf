// Cuts a table into stretches of time that do not move while it grows: its partitions, and of a large one equal parts, twice as many each time
// it has doubled. In: the name of a table. Out: ranges in order that together hold every row.
import { type TableDef, type TableName, tableDef } from '@fxtape/market/tables';
import type { CallOptions, QuestDbHttp } from '../wire/quest-db-http.ts';
import { sqlText } from '../wire/sql-text.ts';

/** `[fromUs, toUs)`, microseconds UTC. */
export interface TableStretch {
  readonly fromUs: number;
  readonly toUs: number;
}

/** Rows that are not applied yet may lie in none of them. Errors: as `exec`. */
export async function tableStretches(
  http: Pick<QuestDbHttp, 'exec'>,
  table: TableName,
  mostRows: number,
  options: CallOptions = {},
): Promise<TableStretch[]> {
  const { dataset } = await http.exec(
    `SELECT cast(minTimestamp as long), numRows FROM table_partitions(${sqlText(table)}) WHERE numRows > 0 ORDER BY index`,
    options,
  );
  const rowsFrom = new Map<number, number>();
  const { partition } = tableDef(table);
  // A partition may stand in several pieces.
  for (const [us, rows] of dataset) {
    const fromUs = startOf(partition, Number(us));
    rowsFrom.set(fromUs, (rowsFrom.get(fromUs) ?? 0) + Number(rows));
  }
  return [...rowsFrom].flatMap(([fromUs, rows]) => cut(fromUs, endOf(partition, fromUs), rows / mostRows));
}

/** `times`: how often the rows exceed what a stretch may hold. */
export function cut(fromUs: number, toUs: number, times: number): TableStretch[] {
  const parts = times <= 1 ? 1 : 2 ** Math.ceil(Math.log2(times));
  const edge = (i: number): number => fromUs + Math.floor(((toUs - fromUs) / parts) * i);
  return Array.from({ length: parts }, (_, i) => ({ fromUs: edge(i), toUs: edge(i + 1) }));
}

type Partition = TableDef['partition'];

function startOf(partition: Partition, us: number): number {
  const date = new Date(us / 1000);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  return Date.UTC(year, partition === 'YEAR' ? 0 : month, partition === 'DAY' ? day : 1) * 1000;
}

function endOf(partition: Partition, fromUs: number): number {
  const date = new Date(fromUs / 1000);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  if (partition === 'DAY') return Date.UTC(year, month, day + 1) * 1000;
  return (partition === 'MONTH' ? Date.UTC(year, month + 1) : Date.UTC(year + 1, 0)) * 1000;
}
