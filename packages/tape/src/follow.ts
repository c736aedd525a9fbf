// Follows a tape that is being written. In: a position. Out: batches of synced lines from there on for ever: from memory while the
// follower keeps up, else from the files, then from memory again. A slow follower costs no memory and slows nobody.
import { comparePositions, type Position } from './position.ts';
import { DEFAULT_MAX_BYTES, DEFAULT_MAX_LINES, readSegments, type FollowBatch } from './read.ts';
import type { Ring } from './ring.ts';
import { listSegments } from './segment.ts';

export interface FollowOptions {
  /** Ends the sequence, without an error. */
  readonly signal: AbortSignal;
  /** Items of a batch, about. Default 8192. */
  readonly maxLines?: number;
  /** Tape bytes of a batch, about. Default 2 MiB. */
  readonly maxBytes?: number;
}

/** What the writer shows to its followers. */
export interface FollowHost {
  readonly dir: string;
  readonly ring: Ring;
  readonly synced: Position | null;
  /** Nothing will be appended or synced any more. */
  readonly closed: boolean;
  /** Calls once when `synced` moved or the tape was closed. Returns how to take the wish back. */
  onChange(notify: () => void): () => void;
  /** The place of each follower; what all have passed is not kept in memory. */
  readonly followers: Map<symbol, Position | null>;
  /** Forgets what every follower has passed. */
  trim(): void;
}

/** Ends when the signal is aborted, or when the tape is closed and everything synced was given. Throws TAPE_IO, TAPE_FORMAT. */
export async function* followTape(
  host: FollowHost,
  from: Position | null,
  o: FollowOptions,
): AsyncGenerator<FollowBatch, void, undefined> {
  const maxLines = o.maxLines ?? DEFAULT_MAX_LINES;
  const maxBytes = o.maxBytes ?? DEFAULT_MAX_BYTES;
  const me = Symbol('follower');
  let at = from;
  const passed = (end: Position): void => {
    at = end;
    host.followers.set(me, end);
    host.trim();
  };
  const caughtUp = (end: Position): boolean => comparePositions(end, host.synced) >= 0;
  host.followers.set(me, at);
  try {
    while (!o.signal.aborted) {
      const synced = host.synced;
      if (synced === null || comparePositions(at, synced) >= 0) {
        if (host.closed) return;
        await changed(host, o.signal);
        continue;
      }
      const recent = host.ring.take(at, synced, maxLines, maxBytes);
      if (recent !== null) {
        yield { items: recent.items, end: recent.end, caughtUp: caughtUp(recent.end) };
        passed(recent.end);
        continue;
      }
      let gave = false;
      for await (const batch of readSegments(await listSegments(host.dir), at, synced, { ...o })) {
        if (o.signal.aborted) return;
        gave = true;
        yield { ...batch, caughtUp: caughtUp(batch.end) };
        passed(batch.end);
      }
      // Everything up to `synced` is unreadable or gone: it stays open until a line follows that can be read.
      if (!gave) await changed(host, o.signal);
    }
  } finally {
    host.followers.delete(me);
  }
}

function changed(host: FollowHost, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      forget();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const forget = host.onChange(done);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}
