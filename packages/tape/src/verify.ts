// Checks a tape without touching it. In: the folder. Out: one report per segment: how many lines and events it holds, what of it
// cannot be read, and what its head names before it that is not there.
import type { Damage } from './damage.ts';
import { headOf, type PreviousSegment } from './head.ts';
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
  let prior: PreviousSegment | null = null;
  for (const segment of await listSegments(dir)) {
    const damage: Damage[] = [];
    let frames = 0;
    let events = 0;
    let bytes = 0;
    for await (const batch of readSegments([segment], null, null, {})) {
      const [first] = batch.items;
      if (bytes === 0 && prior !== null && first !== undefined && !('kind' in first)) {
        const missing = missingBetween(prior, headOf(first, segment.path)?.previous ?? null, first.tsRecv);
        if (missing !== null) damage.push(missing);
      }
      bytes = batch.end.offset;
      for (const item of batch.items) {
        if ('kind' in item) damage.push(item);
        else if (item.event === null) frames++;
        else events++;
      }
    }
    prior = { segment: segment.segment, bytes };
    yield { segment: segment.segment, path: segment.path, frames, events, bytes, damage };
  }
}

/** `named`: what the head of the next segment says came before it. */
function missingBetween(
  prior: PreviousSegment,
  named: PreviousSegment | null,
  beforeTsRecv: number,
): Damage | null {
  if (named === null) return null;
  const same = named.segment === prior.segment;
  const bytes = same ? named.bytes - prior.bytes : named.bytes;
  if (named.segment < prior.segment || bytes <= 0) return null;
  return {
    kind: 'damage',
    at: { segment: named.segment, offset: same ? prior.bytes : 0 },
    bytes,
    reason: same ? 'missing_tail' : 'missing_segment',
    afterTsRecv: null,
    beforeTsRecv,
  };
}
