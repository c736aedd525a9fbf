// What a correction would do, before it does anything. In: the servers' clocks. Out: per table how many rows move, by how much, in which
// partitions, what is left out, and how much room the copies need; and how much there is.
import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Clock } from '@fxtape/ops';
import {
  type LostHour,
  type QuestDbHttp,
  ROW_CORRECTED,
  Shadow,
  SQL_CORRECTED,
  type SqlCorrected,
  stretchesOf,
} from '@fxtape/questdb';
import type { ServerClock } from './apply-state.ts';
import { RowTables } from './row-tables.ts';
import { wallClocks } from './server-clocks.ts';

/** Rows that a server copies in a second: two shared cores took 0.6 s for 300,000 ticks. */
const COPIED_ROWS_PER_S = 400_000;

export interface TableReckoning {
  readonly table: string;
  readonly rows: number;
  /** Rows that change: those that move, and of small tables those that are written otherwise. */
  readonly affected: number;
  readonly leftOut: number;
  readonly leastS: number | null;
  readonly mostS: number | null;
  readonly partitions: number;
  readonly affectedPartitions: number;
  readonly bytes: number;
}

export interface Measured {
  readonly tables: readonly TableReckoning[];
  readonly lost: readonly (LostHour & { readonly table: string })[];
  /** Of the tables that are written anew. */
  readonly needBytes: number;
  readonly seconds: number;
}

export async function measure(o: {
  readonly http: QuestDbHttp;
  readonly clock: Clock;
  readonly servers: readonly ServerClock[];
}): Promise<Measured> {
  const { clock, http, servers } = o;
  const clocks = wallClocks(servers);
  const found: TableReckoning[] = [];
  const lost: (LostHour & { table: string })[] = [];
  for (const table of Object.keys(SQL_CORRECTED) as SqlCorrected[]) {
    const shadow = new Shadow({ http, clock, table, shadow: table, clocks });
    const reckoned = await reckonTable(http, table, shadow);
    found.push(reckoned);
    if (reckoned.leftOut > 0) lost.push(...(await shadow.lost()).map((hour) => ({ ...hour, table })));
  }
  const rows = await RowTables.make({ http, servers, lost, nowUs: clock.nowUs() });
  for (const table of ROW_CORRECTED) {
    const stretches = await stretchesOf(http, table, Number.POSITIVE_INFINITY);
    const { changed, rows: all } = await rows.correct(table, null);
    found.push({
      ...NOTHING,
      table,
      rows: all,
      affected: changed,
      partitions: stretches.length,
      bytes: stretches.reduce((sum, { bytes }) => sum + bytes, 0),
    });
  }
  const rewritten = found.filter(isAffected);
  return {
    tables: found,
    lost,
    needBytes: Math.ceil(rewritten.reduce((sum, { bytes }) => sum + bytes, 0)),
    seconds: Math.ceil(rewritten.reduce((sum, each) => sum + each.rows, 0) / COPIED_ROWS_PER_S),
  };
}

export const isAffected = ({ affected, leftOut }: TableReckoning): boolean => affected + leftOut > 0;

const NOTHING = { leftOut: 0, leastS: null, mostS: null, affectedPartitions: 0 };

async function reckonTable(http: QuestDbHttp, table: string, shadow: Shadow): Promise<TableReckoning> {
  let sum: TableReckoning = { ...NOTHING, table, rows: 0, affected: 0, partitions: 0, bytes: 0 };
  for (const stretch of await stretchesOf(http, table, Number.POSITIVE_INFINITY)) {
    const { leastS, lost, mostS, moved, rows } = await shadow.reckon(stretch);
    sum = {
      table,
      rows: sum.rows + rows,
      affected: sum.affected + moved,
      leftOut: sum.leftOut + lost,
      leastS: extreme(Math.min, sum.leastS, leastS),
      mostS: extreme(Math.max, sum.mostS, mostS),
      partitions: sum.partitions + 1,
      affectedPartitions: sum.affectedPartitions + (moved + lost > 0 ? 1 : 0),
      bytes: sum.bytes + stretch.bytes,
    };
  }
  return sum;
}

const extreme = (
  which: (a: number, b: number) => number,
  a: number | null,
  b: number | null,
): number | null => (a === null || b === null ? (a ?? b) : which(a, b));

/** Room where the database lies, when `fxtape up` keeps it in this data folder; null when it lies somewhere else. */
export async function freeRoom(dataDir: string): Promise<{ where: string; bytes: number } | null> {
  const where = join(resolve(dataDir), 'questdb');
  if (!existsSync(where)) return null;
  const { bavail, bsize } = await statfs(where);
  return { where, bytes: bavail * bsize };
}
