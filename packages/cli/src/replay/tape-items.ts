// Reads a tape as a recording to be replayed. In: the folder and a period of receive times. Out: its frames, the ends of its connections
// between them, and what cannot be read; and which streams the tape holds.
import type { RecordedFrame, RecordedItem } from '@fxtape/simulator/replay';
import { loadLedger, type StreamKey } from '@fxtape/market';
import { type Damage, listSegments, readTape } from '@fxtape/tape';
import { isoMs } from '../print/instant.ts';

/** Receive times, µs UTC: [fromUs, toUs). */
export interface Period {
  readonly fromUs: number;
  readonly toUs: number;
}

/** First receive time on the tape, µs; null: it is empty. Throws TAPE_IO. */
export const tapeBeginsUs = async (dir: string): Promise<number | null> =>
  (await listSegments(dir))[0]?.segment ?? null;

/**
 * The items of a period. Between frames of two connections there is a cut; after the last frame there is none. A recorder that was killed
 * left no `disconnected`, so a new connection number on the lines makes a cut too. Throws TAPE_IO, TAPE_FORMAT.
 */
export async function* tapeItems(
  dir: string,
  { fromUs, toUs }: Period,
): AsyncGenerator<readonly RecordedItem[]> {
  const first = (await listSegments(dir)).findLast(({ segment }) => segment <= fromUs);
  let conn: number | null = null;
  let cut: { tsRecv: number; cut: { code: number | null } } | null = null;
  for await (const { items } of readTape(dir, first === undefined ? null : { ...first, offset: 0 })) {
    const found: RecordedItem[] = [];
    for (const item of items) {
      if ('kind' in item) {
        if (touches(item, fromUs, toUs)) found.push({ damage: describe(item) });
        continue;
      }
      const { event, frame, frameKind, tsRecv } = item;
      if (tsRecv < fromUs) continue;
      if (tsRecv >= toUs) {
        if (found.length > 0) yield found;
        return;
      }
      if (frame === null || frameKind === null) {
        if (event === 'disconnected' && conn !== null) cut ??= { tsRecv, cut: { code: codeOf(item.data) } };
        continue;
      }
      if (conn !== null && conn !== item.conn) cut ??= { tsRecv, cut: { code: null } };
      if (cut !== null) found.push(cut);
      cut = null;
      conn = item.conn;
      found.push(item as typeof item & RecordedFrame);
    }
    if (found.length > 0) yield found;
  }
}

export interface TapeStreams {
  /** The feed that was recorded last in the period; null: none. */
  readonly feed: string | null;
  readonly streams: readonly StreamKey[];
}

/** The streams of a period, from the heads of its segments: when they change, a new segment starts. Throws TAPE_IO, TAPE_FORMAT. */
export async function tapeStreams(dir: string, { fromUs, toUs }: Period): Promise<TapeStreams> {
  const segments = await listSegments(dir);
  const streams: StreamKey[] = [];
  let feed: string | null = null;
  for (const [i, { segment }] of segments.entries()) {
    if (segment >= toUs || (segments[i + 1]?.segment ?? Number.POSITIVE_INFINITY) <= fromUs) continue;
    const saved = await headState(dir, segment);
    if (saved === null) continue;
    const ledger = loadLedger(saved);
    feed = ledger.feed ?? feed;
    streams.push(...[...ledger.streams.values()].map(({ key }) => key));
  }
  return { feed, streams };
}

/** The ledger in the head of a segment; null: the head cannot be read. */
async function headState(dir: string, segment: number): Promise<unknown> {
  for await (const { items } of readTape(dir, { segment, offset: 0 }, { maxLines: 1, maxBytes: 1 })) {
    const [head] = items;
    if (head === undefined || 'kind' in head || head.event !== 'head') return null;
    return (head.data as { state?: { ledger?: unknown } | null }).state?.ledger ?? null;
  }
  return null;
}

const codeOf = (data: unknown): number | null => {
  const code = (data as { code?: unknown } | null)?.code;
  return typeof code === 'number' ? code : null;
};

const touches = ({ afterTsRecv, beforeTsRecv }: Damage, fromUs: number, toUs: number): boolean =>
  (afterTsRecv ?? 0) < toUs && (beforeTsRecv ?? Number.POSITIVE_INFINITY) >= fromUs;

const describe = ({ afterTsRecv, at, beforeTsRecv, bytes, reason }: Damage): string => {
  const from = afterTsRecv === null ? 'the start of the tape' : isoMs(afterTsRecv);
  const to = beforeTsRecv === null ? 'its end' : isoMs(beforeTsRecv);
  return `${reason}, ${bytes ?? 'unknown'} bytes in segment ${at.segment} at ${at.offset}, between ${from} and ${to}`;
};
