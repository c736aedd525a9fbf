// Checks a tape without touching it. In: the folder. Out: one report per segment: how many lines and events it holds, and what of it
// cannot be read.
import type { Damage } from './damage.ts';
import { readSegments } from './read.ts';
import { listSegments } from './segment.ts';

export interface SegmentReport {
  readonly segment: number;
  readonly path: string;
  readonly frames: number;
  readonly events: number;
  readonly bytes: number;
  readonly damage: readonly Damage[];
}

/** Throws TAPE_IO, TAPE_FORMAT. */
export async function* verifyTape(dir: string): AsyncGenerator<SegmentReport> {
  for (const segment of await listSegments(dir)) {
    const damage: Damage[] = [];
    let frames = 0;
    let events = 0;
    let bytes = 0;
    for await (const batch of readSegments([segment], null, null, {})) {
      bytes = batch.end.offset;
      for (const item of batch.items) {
        if ('kind' in item) damage.push(item);
        else if (item.event === null) frames++;
        else events++;
      }
    }
    yield { segment: segment.segment, path: segment.path, frames, events, bytes, damage };
  }
}
