// Cuts a table into windows that one statement can process. In: its partitions, and a limit of rows. Out: windows of time without holes, from
// before the first row to after the last one, each with its approximate size.
import { asObjects } from '../wire/exec-answer.ts';
import type { QuestDbHttp } from '../wire/quest-db-http.ts';
import { sqlText, sqlTimestamp } from '../wire/sql-text.ts';

/** `[fromUs, toUs)`, microseconds UTC. */
export interface Window {
  readonly fromUs: number;
  readonly toUs: number;
}

/** A window with its approximate size. */
export interface Stretch extends Window {
  readonly rows: number;
  readonly bytes: number;
}

/** `time` is in the window. */
export const within = ({ fromUs, toUs }: Window, time = 'ts'): string =>
  `${time} >= ${sqlTimestamp(Math.max(0, fromUs))} AND ${time} < ${sqlTimestamp(Math.max(0, toUs))}`;

/** More than a clock rule can move a row: from 29 hours ahead of UTC to 29 hours behind. */
export const REACH_US = 60 * 3_600_000_000;

/** The partitions of a table in order, as they are applied; each from its first row to just behind its last. Errors: as `exec`. */
async function partitionsOf(http: Pick<QuestDbHttp, 'exec'>, table: string): Promise<Stretch[]> {
  const rows = asObjects(
    await http.exec(
      `SELECT cast(minTimestamp as long) a, cast(maxTimestamp as long) b, numRows n, diskSize size FROM table_partitions(${sqlText(table)}) WHERE numRows > 0 ORDER BY index`,
    ),
  );
  return rows.map(({ a, b, n, size }) => ({
    fromUs: Number(a),
    toUs: Number(b) + 1,
    rows: Number(n),
    bytes: Number(size),
  }));
}

/**
 * Windows of about `most` rows: small partitions are joined while `fits` accepts their time, large ones are cut. Errors: as `exec`.
 */
export async function stretchesOf(
  http: Pick<QuestDbHttp, 'exec'>,
  table: string,
  most: number,
  fits: (window: Window) => boolean = () => true,
): Promise<Stretch[]> {
  const groups: Stretch[] = [];
  for (const next of await partitionsOf(http, table)) {
    const last = groups.at(-1);
    const together =
      last !== undefined &&
      last.rows + next.rows <= most &&
      fits({ fromUs: last.fromUs - REACH_US, toUs: next.toUs + REACH_US });
    if (!together) groups.push(next);
    else
      groups[groups.length - 1] = {
        fromUs: last.fromUs,
        toUs: next.toUs,
        rows: last.rows + next.rows,
        bytes: last.bytes + next.bytes,
      };
  }
  return groups.flatMap((group, at) => {
    // Without holes, and beyond both ends as far as rows can move.
    const fromUs = at === 0 ? Math.max(0, group.fromUs - REACH_US) : group.fromUs;
    const toUs = groups[at + 1]?.fromUs ?? group.toUs + REACH_US;
    const parts = Math.max(1, Math.min(Math.ceil(group.rows / most), toUs - fromUs));
    const edge = (i: number): number => fromUs + Math.floor(((toUs - fromUs) / parts) * i);
    return Array.from({ length: parts }, (_, i) => ({
      fromUs: edge(i),
      toUs: i === parts - 1 ? toUs : edge(i + 1),
      rows: group.rows / parts,
      bytes: group.bytes / parts,
    }));
  });
}
