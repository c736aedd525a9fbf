// Splits a range into pieces that one statement can count. In: a table and a range. Out: ranges that together make up the range, without
// overlap, cut at midnight UTC. As far as the table's partitions allow, each has a bounded number of rows. No row is read.
import type { Range } from '@fxtape/datasets';
import type { TableName } from '@fxtape/market/tables';
import type { CallOptions, QuestDbHttp } from '../wire/quest-db-http.ts';
import { sqlText } from '../wire/sql-text.ts';

export const DAY_US = 86_400_000_000;

/** Midnight UTC at or before a time. */
export const dayOf = (us: number): number => Math.floor(us / DAY_US) * DAY_US;

interface Partition {
  readonly fromUs: number;
  readonly rows: number;
}

/** Rows that arrive later belong to one of the pieces all the same: together they cover the range. Errors: as `exec`. */
export async function dayPieces(
  http: Pick<QuestDbHttp, 'exec'>,
  table: TableName,
  range: Range,
  options: { readonly mostRows: number } & CallOptions,
): Promise<Range[]> {
  const { dataset } = await http.exec(
    `SELECT cast(minTimestamp as long), numRows FROM table_partitions(${sqlText(table)}) WHERE minTimestamp IS NOT NULL`,
    options,
  );
  const partitions = dataset.map(([from, rows]): Partition => ({ fromUs: Number(from), rows: Number(rows) }));
  return piecesOf(partitions, range, options.mostRows);
}

/**
 * Cuts before a day that would give a piece more than `mostRows`. A partition counts for the day on which it begins, and is never cut.
 */
export function piecesOf(partitions: readonly Partition[], range: Range, mostRows: number): Range[] {
  if (range.toUs <= range.fromUs) return [];
  const rowsOf = new Map<number, number>();
  for (const { fromUs, rows } of partitions) {
    const dayUs = dayOf(fromUs);
    if (dayUs < range.toUs && dayUs >= dayOf(range.fromUs))
      rowsOf.set(dayUs, (rowsOf.get(dayUs) ?? 0) + rows);
  }
  const edges = [range.fromUs];
  let rows = 0;
  for (const [dayUs, more] of [...rowsOf].toSorted(([a], [b]) => a - b)) {
    if (rows > 0 && rows + more > mostRows && dayUs > range.fromUs) {
      edges.push(dayUs);
      rows = 0;
    }
    rows += more;
  }
  edges.push(range.toUs);
  return edges.slice(0, -1).map((fromUs, i) => ({ fromUs, toUs: edges[i + 1] as number }));
}
