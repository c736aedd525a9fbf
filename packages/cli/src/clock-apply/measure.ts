// Estimates a correction before anything is done. In: the servers' clocks. Out: for each table how many rows move, by how much, what is
// left out, and how much disk space and time the copies need; and how much space is free.
import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Clock } from '@fxtape/ops';
import {
  CorrectedRows,
  type LostHour,
  PAUSE_REACHES_MS,
  type QuestDbHttp,
  type Reckoning,
  requireSettled,
  ROW_CORRECTED,
  SQL_CORRECTED,
  stretchesOf,
} from '@fxtape/questdb';
import type { ServerClock } from './apply-state.ts';
import { ownColumns } from './row-copy.ts';
import { RowTables } from './row-tables.ts';
import { wallClocks } from './server-clocks.ts';

/** Rows that are read at once to find which of them are wrong. */
export const RECKONED_AT_ONCE = 4_000_000;
/**
 * Rows that one core copies and proves per second; that it checks per second while writing is paused; and rows of small tables that it
 * writes per second. Measured with `npm run bench -- clock-apply --short` on QuestDB 9.3.4 beside other work, in seconds of server CPU: 4.8
 * million ticks and bars, with live rows in between, were copied in 42.6 s. The pause took 7.6 s, including 50,000 coverage rows; the last
 * two figures share that time, with room to spare.
 */
const COPIED_ROWS_PER_S = 110_000;
const LOOKED_ROWS_PER_S = 1_000_000;
const WRITTEN_ROWS_PER_S = 10_000;
/**
 * Disk space that the copies and their logs take, relative to the tables: 1.4 times in that measurement, and 2.1 with days that were copied
 * twice.
 */
const ROOM = 2.1;
/** Waiting for quiet logs, renaming tables, syncing to the disk. */
const STEPS_MS = 6000;

export interface TableReckoning {
  readonly table: string;
  readonly rows: number;
  /** Rows that change: those that move, and of small tables those that are written otherwise. */
  readonly affected: number;
  readonly leftOut: number;
  readonly leastS: number | null;
  readonly mostS: number | null;
  readonly bytes: number;
  /** Small tables: columns that users added, which the rows would lose. */
  readonly own: readonly string[];
}

export interface Measured {
  readonly tables: readonly TableReckoning[];
  readonly lost: readonly LostHour[];
  /** Of the tables that are rewritten, their logs included. */
  readonly needBytes: number;
  /** Copying, while everything goes on; and the pause. */
  readonly seconds: number;
  readonly pauseSeconds: number;
}

export async function measure(o: {
  readonly http: QuestDbHttp;
  readonly clock: Clock;
  readonly servers: readonly ServerClock[];
}): Promise<Measured> {
  const { clock, http, servers } = o;
  const clocks = wallClocks(servers);
  await requireSettled(http, clock, [...SQL_CORRECTED, ...ROW_CORRECTED], { waitMs: 60_000 });
  const found: TableReckoning[] = [];
  const lost: LostHour[] = [];
  for (const table of SQL_CORRECTED) {
    const rows = new CorrectedRows({ http, table, clocks });
    const { lost: leftOut, moved, ...reckoned } = await reckonTable(rows);
    found.push({ table, affected: moved, leftOut, own: [], bytes: await bytesOf(http, table), ...reckoned });
    if (leftOut > 0) lost.push(...(await rows.lost(RECKONED_AT_ONCE)));
  }
  const rows = await RowTables.make({ http, clock, servers, lost, sourceOf: (table) => table });
  for (const table of ROW_CORRECTED) {
    const { changed, rows: all } = await rows.reckon(table);
    const own = changed === 0 ? [] : await ownColumns(http, table, table);
    const bytes = await bytesOf(http, table);
    found.push({ table, rows: all, affected: changed, leftOut: 0, leastS: null, mostS: null, bytes, own });
  }
  return { tables: found, lost, ...needs(found) };
}

/** How many rows of a table are wrong. Errors: as `exec`. */
export async function reckonTable(rows: CorrectedRows): Promise<Reckoning> {
  await rows.refresh();
  let sum: Reckoning = { rows: 0, moved: 0, lost: 0, leastS: null, mostS: null };
  for (const window of await rows.windows(RECKONED_AT_ONCE)) {
    const each = await rows.reckon(window);
    sum = {
      rows: sum.rows + each.rows,
      moved: sum.moved + each.moved,
      lost: sum.lost + each.lost,
      leastS: extreme(Math.min, sum.leastS, each.leastS),
      mostS: extreme(Math.max, sum.mostS, each.mostS),
    };
  }
  return sum;
}

export const isAffected = ({ affected, leftOut }: TableReckoning): boolean => affected + leftOut > 0;

function needs(found: readonly TableReckoning[]): Pick<Measured, 'needBytes' | 'seconds' | 'pauseSeconds'> {
  const rewritten = found.filter(isAffected);
  if (rewritten.length === 0) return { needBytes: 0, seconds: 0, pauseSeconds: 0 };
  const sum = (of: (each: TableReckoning) => number): number =>
    rewritten.reduce((all, each) => all + of(each), 0);
  const isSmall = ({ table }: TableReckoning): boolean =>
    (ROW_CORRECTED as readonly string[]).includes(table);
  const large = sum((each) => (isSmall(each) ? 0 : each.rows));
  const small = sum((each) => (isSmall(each) ? each.rows : 0));
  return {
    needBytes: Math.ceil(sum(({ bytes }) => bytes) * ROOM),
    seconds: Math.ceil(large / COPIED_ROWS_PER_S),
    pauseSeconds: Math.ceil(
      (PAUSE_REACHES_MS + STEPS_MS) / 1000 + large / LOOKED_ROWS_PER_S + small / WRITTEN_ROWS_PER_S,
    ),
  };
}

const bytesOf = async (http: QuestDbHttp, table: string): Promise<number> =>
  (await stretchesOf(http, table, Number.POSITIVE_INFINITY)).reduce((sum, { bytes }) => sum + bytes, 0);

const extreme = (
  which: (a: number, b: number) => number,
  a: number | null,
  b: number | null,
): number | null => (a === null || b === null ? (a ?? b) : which(a, b));

/** Free space where the database is, when it is in this data folder; null when it is elsewhere. */
export async function freeRoom(dataDir: string): Promise<{ where: string; bytes: number } | null> {
  const where = join(resolve(dataDir), 'questdb');
  if (!existsSync(where)) return null;
  const { bavail, bsize } = await statfs(where);
  return { where, bytes: bavail * bsize };
}
