// Splits a range into pieces that one statement can count. In: a table and a range. Out: ranges that touch and together are the range, cut
// at midnights UTC, each with a bounded number of rows, as far as the partitions of the table allow. No row is read.
import type { Range } from '@fxtape/datasets';
import type { TableName } from '@fxtape/market/tables';
import type { CallOptions, QuestDbHttp } from '../wire/quest-db-http.ts';
import { sqlText } from '../wire/sql-text.ts';

export const DAY_US = 86_400_000_000;

/** Midnight UTC before a time. */
export const dayOf = (us: number): number => Math.floor(us / DAY_US) * DAY_US;

interface Partition {
  readonly fromUs: number;
  readonly rows: number;
}

/** Rows that come later fall into the first or the last piece, or between two. Errors: as `exec`. */
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
 * Cut before a day with which a piece would have more than `mostRows`. A partition counts for the day in which it begins, and is never cut.
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
