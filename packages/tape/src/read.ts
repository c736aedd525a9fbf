// Reads the tape from any place to its end, without the lock and without repairing anything. In: the folder and a position. Out:
// batches of lines and damage in order, each with the position to resume from. Reading on from there gives exactly the rest.
import type { Damage } from './damage.ts';
import { ioError } from './errors.ts';
import type { Line } from './line.ts';
import type { Position } from './position.ts';
import { type Gathered, LineScanner } from './scan.ts';
import { listSegments, type Segment } from './segment.ts';
import { openSegment, type SegmentSource } from './segment-source.ts';

export interface FollowBatch {
  readonly items: readonly (Line | Damage)[];
  /** Resume here: everything before it was given. */
  readonly end: Position;
  /** Nothing further was synced when this batch was made. */
  readonly caughtUp: boolean;
}

export interface ReadOptions {
  /** Items of a batch, about. Default 8192. */
  readonly maxLines?: number;
  /** Bytes of a batch, about. Default 2 MiB. A longer line is a batch of its own. */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
}

export const DEFAULT_MAX_LINES = 8192;
export const DEFAULT_MAX_BYTES = 2 * 1024 * 1024;

export type ReadBatch = Omit<FollowBatch, 'caughtUp'>;

/**
 * From `from` (null: the oldest line) to the end of the tape as it is now. Bytes after the last '\n' of the newest segment are
 * left: a writer may be in the middle of them. Ends early when the signal is aborted. Throws TAPE_IO, TAPE_FORMAT.
 */
export async function* readTape(
  dir: string,
  from: Position | null,
  o: ReadOptions = {},
): AsyncGenerator<FollowBatch, void, undefined> {
  let last: ReadBatch | null = null;
  for await (const batch of readSegments(await listSegments(dir), from, null, o)) {
    if (last !== null) yield { ...last, caughtUp: false };
    last = batch;
  }
  if (last !== null) yield { ...last, caughtUp: o.signal?.aborted !== true };
}

/** `upTo`: the end of the last line that may be given; null: everything that stands there. */
export async function* readSegments(
  segments: readonly Segment[],
  from: Position | null,
  upTo: Position | null,
  o: ReadOptions,
): AsyncGenerator<ReadBatch, void, undefined> {
  const maxLines = o.maxLines ?? DEFAULT_MAX_LINES;
  const maxBytes = o.maxBytes ?? DEFAULT_MAX_BYTES;
  const scanner = new LineScanner(maxBytes);
  let out = nothing();
  const wanted = segments.filter(
    ({ segment }) => (from === null || segment >= from.segment) && (upTo === null || segment <= upTo.segment),
  );
  if (from !== null && wanted[0]?.segment !== from.segment) scanner.resumeInMissing(from);
  for (const segment of wanted) {
    const offset = segment.segment === from?.segment ? from.offset : 0;
    const source = await openSegment(segment, offset);
    // Gone since the listing: the head of the next one tells whether anything is missing.
    if (source === null) continue;
    try {
      scanner.begin(segment.segment, offset, segment.path);
      const limit = upTo?.segment === segment.segment ? upTo.offset : Number.POSITIVE_INFINITY;
      while (await fill(scanner, source, limit)) {
        if (o.signal?.aborted === true) return;
        while (scanner.scan(out, maxLines, maxBytes)) {
          yield await finish(out, segments, from);
          out = nothing();
        }
      }
      if (upTo === null ? segment !== wanted.at(-1) || segment.compressed : segment.segment < upTo.segment) {
        scanner.endSegment(out, source.failure);
      } else if (source.failure !== null) {
        throw ioError(source.failure.reason, 'read the newest segment', segment.path);
      }
    } finally {
      await source.close();
    }
  }
  if (upTo === null) scanner.endTape(out);
  if (out.items.length > 0) yield await finish(out, segments, from);
}

async function fill(scanner: LineScanner, source: SegmentSource, limit: number): Promise<boolean> {
  const { buffer, offset, length } = scanner.space();
  const left = limit - scanner.position.offset - scanner.pendingBytes;
  const bytes = left <= 0 ? 0 : await source.read(buffer, offset, Math.min(length, left));
  scanner.filled(bytes);
  return bytes > 0;
}

async function finish(
  out: Gathered,
  segments: readonly Segment[],
  from: Position | null,
): Promise<ReadBatch> {
  const end = out.end;
  if (end === null) throw new Error('a batch without an end');
  const first = out.items[0];
  // Damage right where the reading starts: what stands before it was not read. Everywhere else null means the tape's start.
  if (from !== null && first !== undefined && 'kind' in first && first.afterTsRecv === null) {
    out.items[0] = { ...first, afterTsRecv: await lastTsRecvBefore(segments, from) };
  }
  return { items: out.items, end };
}

/** ts_recv of the last readable line that ends at or before `at`, µs. */
async function lastTsRecvBefore(segments: readonly Segment[], at: Position): Promise<number | null> {
  for (const segment of segments.filter((s) => s.segment <= at.segment).reverse()) {
    const upTo = segment.segment === at.segment ? at : { segment: segment.segment, offset: Infinity };
    const start = { segment: segment.segment, offset: 0 };
    let last: number | null = null;
    for await (const { items } of readSegments([segment], start, upTo, {})) {
      last = items.findLast((item): item is Line => !('kind' in item))?.tsRecv ?? last;
    }
    if (last !== null) return last;
  }
  return null;
}

function nothing(): Gathered & { items: (Line | Damage)[] } {
  return { items: [], bytes: 0, end: null };
}
