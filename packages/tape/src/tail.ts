// What the owner of a tape needs at a start. In: the folder. Out: the newest readable head with its state, and the lines behind it, damage
// included.
import type { Damage } from './damage.ts';
import { type HeadData, headOf } from './head.ts';
import type { Line } from './line.ts';
import type { Position } from './position.ts';
import { readSegments, readTape } from './read.ts';
import { listSegments, type Segment } from './segment.ts';

export interface NewestHead {
  readonly position: Position;
  readonly data: HeadData;
}

export interface Tail {
  readonly head: HeadData | null;
  /** From the head on, the head itself included, some thousand at a time. */
  readonly lines: AsyncIterable<readonly (Line | Damage)[]>;
}

/** The newest head that can be read; null when there is none. Throws TAPE_IO, TAPE_FORMAT. */
export async function newestHead(dir: string): Promise<NewestHead | null> {
  for (const segment of (await listSegments(dir)).toReversed()) {
    const data = await headIn(segment);
    if (data !== null) return { position: { segment: segment.segment, offset: 0 }, data };
  }
  return null;
}

/** Null when the tape is empty. Without a readable head, `lines` is the whole tape. Throws TAPE_IO, TAPE_FORMAT. */
export async function readTail(dir: string): Promise<Tail | null> {
  if ((await listSegments(dir)).length === 0) return null;
  const newest = await newestHead(dir);
  return { head: newest?.data ?? null, lines: itemsFrom(dir, newest?.position ?? null) };
}

async function headIn(segment: Segment): Promise<HeadData | null> {
  for await (const batch of readSegments([segment], null, null, { maxLines: 1, maxBytes: 1 })) {
    const first = batch.items[0];
    return first === undefined || 'kind' in first ? null : headOf(first, segment.path);
  }
  return null;
}

async function* itemsFrom(dir: string, from: Position | null): AsyncGenerator<readonly (Line | Damage)[]> {
  for await (const batch of readTape(dir, from)) yield batch.items;
}
