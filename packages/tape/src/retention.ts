// Removes old segments. In: how old, and how far the database has everything. Out: whole segments gone whose successor began before
// both. The newest segment always stays.
import { rm } from 'node:fs/promises';
import { ioError } from './errors.ts';
import type { Position } from './position.ts';
import { compressedPath, listSegments, plainPath } from './segment.ts';

export interface RetentionReport {
  readonly removed: number;
}

/** `olderThanUs`: lines received before this may go, µs. `appliedUpTo`: nothing at or after this place goes. Throws TAPE_IO. */
export async function applyRetention(
  dir: string,
  o: { olderThanUs: number; appliedUpTo: Position },
): Promise<RetentionReport> {
  const segments = await listSegments(dir);
  let removed = 0;
  for (const [i, segment] of segments.entries()) {
    const next = segments[i + 1];
    if (next === undefined || next.segment > o.olderThanUs || next.segment > o.appliedUpTo.segment) break;
    try {
      await rm(plainPath(segment.path), { force: true });
      await rm(compressedPath(plainPath(segment.path)), { force: true });
    } catch (error) {
      throw ioError(error, 'remove a segment', segment.path);
    }
    removed++;
  }
  return { removed };
}
