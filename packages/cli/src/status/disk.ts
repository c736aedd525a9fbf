// When the disk of the data folder is full. In: the folder, and the database if its files are in it. Out: the free bytes, and how many a day
// takes: the mean of the last seven whole UTC days that have any. What retention removes is not subtracted, so the day comes no sooner.
import { existsSync, statSync } from 'node:fs';
import { stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { FxtapeError } from '@fxtape/ops';
import type { QuestDbHttp } from '@fxtape/questdb';
import { listSegments, listTapes } from '@fxtape/tape';

export interface DiskFact {
  readonly freeBytes: number;
  /** Null until a whole day was recorded. */
  readonly perDayBytes: number | null;
}

const DAY_MS = 86_400_000;
const DAYS = 7;
const ANSWER_MS = 1500;

/** Null when there is no such folder here. */
export async function diskOf(
  dataDir: string,
  http: Pick<QuestDbHttp, 'exec'>,
  nowMs: number,
): Promise<DiskFact | null> {
  if (statSync(dataDir, { throwIfNoEntry: false })?.isDirectory() !== true) return null;
  const { bavail, bsize } = await statfs(dataDir);
  const today = Math.floor(nowMs / DAY_MS);
  const bytes = new Map<number, number>();
  const add = (day: number, more: number): void => {
    if (day >= today - DAYS && day < today) bytes.set(day, (bytes.get(day) ?? 0) + more);
  };
  for (const account of await listTapes(join(dataDir, 'tape')))
    for (const { path, segment } of await listSegments(join(dataDir, 'tape', account))) {
      const day = Math.floor(segment / 1000 / DAY_MS);
      if (day >= today - DAYS && day < today) add(day, await sizeOf(path));
    }
  if (existsSync(join(dataDir, 'questdb'))) for (const [day, size] of await partitions(http)) add(day, size);
  const perDayBytes = bytes.size === 0 ? null : [...bytes.values()].reduce((a, b) => a + b) / bytes.size;
  return { freeBytes: bavail * bsize, perDayBytes };
}

/** Bytes of the ticks of each UTC day; the other tables are small beside them. None while the database does not answer. */
async function partitions(http: Pick<QuestDbHttp, 'exec'>): Promise<(readonly [number, number])[]> {
  try {
    const { dataset } = await http.exec(
      "SELECT cast(minTimestamp as long), diskSize FROM table_partitions('ticks') WHERE numRows > 0",
      { deadlineMs: ANSWER_MS },
    );
    return dataset.map(([us, size]) => [Math.floor(Number(us) / 1000 / DAY_MS), Number(size)] as const);
  } catch (error) {
    // The report says elsewhere that it does not answer, or has no tables.
    if (error instanceof FxtapeError) return [];
    throw error;
  }
}

/** 0 for a segment that was compressed or removed meanwhile. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}
