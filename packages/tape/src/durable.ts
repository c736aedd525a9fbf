// Makes a segment durable, even when a sync fails once. In: an open segment and the bytes written to it since its last sync. Out: every
// byte on the disk, at the same offset. Linux drops a page that it could not write: the next fsync succeeds although the bytes are lost.
// So after a failed sync the file is not trusted. Its durable start is copied, the bytes kept in memory are appended, and the copy takes
// its name.
import { dirname } from 'node:path';
import { listSegments } from './segment.ts';
import type { TapeFs } from './tape-fs.ts';

export interface OpenSegment {
  readonly segment: number;
  readonly path: string;
  fd: number;
  bytes: number;
  /** Everything before this offset is durable. */
  syncedBytes: number;
  /** The folder entry is not durable yet. */
  fresh: boolean;
  /** A sync of this file failed. */
  suspect: boolean;
}

interface Written {
  readonly segment: number;
  readonly start: number;
  readonly bytes: Buffer;
}

/** What was written and is not durable yet, of all open segments. */
export class Unsynced {
  #written: Written[] = [];
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** Takes a copy of a batch that starts at an offset. */
  add(segment: number, start: number, batch: Uint8Array): void {
    this.#written.push({ segment, start, bytes: Buffer.from(batch) });
    this.#bytes += batch.length;
  }

  /** The batches of a segment that start at or after an offset. */
  from({ segment }: OpenSegment, offset: number): Buffer[] {
    return this.#written
      .filter((each) => each.segment === segment && each.start >= offset)
      .map(({ bytes }) => bytes);
  }

  forgetSynced({ segment, syncedBytes }: OpenSegment): void {
    const synced = (each: Written): boolean => each.segment === segment && each.start < syncedBytes;
    this.#written = this.#written.filter((each) => !synced(each));
    this.#bytes = this.#written.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }
}

export interface Durability {
  readonly fs: TapeFs;
  /** The folder of the tape. */
  readonly dir: string;
  readonly unsynced: Unsynced;
  readonly log?: { warn(fields: object, message: string): void } | undefined;
}

/** Everything that the segment held at the call is durable when this resolves. After an error of the file system, call it again. */
export async function makeDurable(open: OpenSegment, o: Durability): Promise<void> {
  const goal = open.bytes;
  if (!open.suspect) {
    try {
      await o.fs.sync(open.fd);
      if (open.fresh) syncName(open, o);
    } catch (error) {
      open.suspect = true;
      o.log?.warn(
        { err: error, path: open.path },
        'a sync of the tape failed; writing the segment to a new file',
      );
    }
  }
  if (open.suspect) await writeAnew(open, o);
  open.fresh = false;
  open.suspect = false;
  open.syncedBytes = goal;
  o.unsynced.forgetSynced(open);
}

/** A process that was killed may have left segments that no sync has passed. Errors of the file system pass through. */
export async function makeTapeDurable(o: Durability): Promise<void> {
  for (const { compressed, path, segment } of await listSegments(o.dir)) {
    if (compressed) continue;
    const bytes = o.fs.size(path);
    const fd = o.fs.open(path, false);
    const open = { segment, path, fd, bytes, syncedBytes: bytes, fresh: true, suspect: false };
    try {
      await makeDurable(open, o);
    } finally {
      closeQuietly(o.fs, open.fd);
    }
  }
}

async function writeAnew(open: OpenSegment, o: Durability): Promise<void> {
  const { fs, unsynced } = o;
  const partial = `${open.path}.partial`;
  fs.remove(partial);
  const fd = fs.open(partial, true);
  try {
    const start = await fs.readStart(open.path, open.syncedBytes);
    if (start.length !== open.syncedBytes) throw new Error(`${open.path} is shorter than its durable part`);
    writeWhole(fs, fd, start);
    const goal = open.bytes;
    for (const batch of unsynced.from(open, open.syncedBytes)) writeWhole(fs, fd, batch);
    await fs.sync(fd);
    // Appended meanwhile, to the old file: it has to be in the new one too before that takes the name.
    for (const batch of unsynced.from(open, goal)) writeWhole(fs, fd, batch);
    fs.rename(partial, open.path);
  } catch (error) {
    closeQuietly(fs, fd);
    fs.remove(partial);
    throw error;
  }
  closeQuietly(fs, open.fd);
  open.fd = fd;
  syncName(open, o);
}

function syncName({ path }: OpenSegment, { dir, fs }: Durability): void {
  fs.syncFolder(dirname(path));
  fs.syncFolder(dir);
}

/** `close` may report an earlier write error once more. The file is closed all the same. */
export function closeQuietly(fs: TapeFs, fd: number): void {
  try {
    fs.close(fd);
  } catch {
    // Nothing depends on it: what the file held stands in its successor, or is tried again.
  }
}

export function writeWhole(fs: TapeFs, fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += fs.write(fd, bytes.subarray(done));
}
