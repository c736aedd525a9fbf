// The one writer of a tape: append, sync, rotate, and the followers that read behind it. In: entries. Out: lines, durable against a
// killed process when `append` returns, and against a power cut when `synced` has passed them. Layout and rules: index.ts.
import { dirname } from 'node:path';
import {
  closeQuietly,
  makeDurable,
  makeTapeDurable,
  type OpenSegment,
  Unsynced,
  writeWhole,
} from './durable.ts';
import { BatchEncoder, type EncodedBatch } from './encode.ts';
import { diskBehind, errnoOf, ioError, tapeClosed } from './errors.ts';
import { type FollowHost, type FollowOptions, followTape } from './follow.ts';
import { HEAD_EVENT, type PreviousSegment, TAPE_FORMAT } from './head.ts';
import { type Entry, type Line, stamp } from './line.ts';
import { lockTape, type TapeLock } from './lock.ts';
import { comparePositions, type Position } from './position.ts';
import { type Recovered, recoverTape } from './recover.ts';
import { Ring } from './ring.ts';
import { dayOf, segmentPath } from './segment.ts';
import { nodeFs, type TapeFs } from './tape-fs.ts';
import type { FollowBatch } from './read.ts';

export interface TapeWriterOptions {
  /** Folder of this account's tape. */
  readonly dir: string;
  readonly account: string;
  /** The owner's state before the entries that follow, for the head of a segment. */
  readonly head: () => unknown;
  /** Default 32 MB: a start reads what the newest one holds. */
  readonly segmentBytes?: number;
  /** Default 100 ms. */
  readonly syncEveryMs?: number;
  /** Tape bytes kept in memory for followers; default 8 MiB. */
  readonly ringBytes?: number;
  readonly clock: { monoMs(): number };
  readonly log?: { warn(fields: object, message: string): void };
  readonly fs?: TapeFs;
}

/** How much may wait for the disk; beyond that nothing is appended until the disk has caught up. */
const MAX_UNSYNCED_BYTES = 64_000_000;
const SYNC_AGAIN_MS = 1000;

export class TapeWriter {
  readonly recovered: Recovered;
  readonly #o: TapeWriterOptions;
  readonly #fs: TapeFs;
  readonly #lock: TapeLock;
  readonly #encoder = new BatchEncoder();
  readonly #ring: Ring;
  readonly #followers = new Map<symbol, Position | null>();
  readonly #listeners = new Set<() => void>();
  #current: OpenSegment | null = null;
  /** Segments that were left and are not synced yet. */
  #left: OpenSegment[] = [];
  readonly #unsynced = new Unsynced();
  #previous: PreviousSegment | null = null;
  #lastUs: number;
  #appended: Position | null;
  #synced: Position | null;
  #syncing: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #lastSyncMs = Number.NEGATIVE_INFINITY;
  #closed = false;
  /** Closed, and the last sync is over: followers may end. */
  #ended = false;

  /** Takes the lock and recovers the end of the tape. Throws TAPE_LOCKED, TAPE_FULL, TAPE_IO, TAPE_FORMAT. */
  static async open(options: TapeWriterOptions): Promise<TapeWriter> {
    const lock = lockTape(options.dir);
    try {
      const recovered = await recoverTape(options.dir);
      const { dir, fs = nodeFs, log } = options;
      await makeTapeDurable({ fs, dir, log, unsynced: new Unsynced() });
      return new TapeWriter(options, lock, recovered);
    } catch (error) {
      lock.release();
      throw errnoOf(error) === null ? error : ioError(error, 'recover the tape', options.dir);
    }
  }

  private constructor(options: TapeWriterOptions, lock: TapeLock, recovered: Recovered) {
    this.#o = options;
    this.#fs = options.fs ?? nodeFs;
    this.#lock = lock;
    this.recovered = recovered;
    this.#ring = new Ring(options.ringBytes ?? 8 * 1024 * 1024);
    this.#lastUs = recovered.lastTsRecv ?? 0;
    this.#appended = recovered.last;
    this.#synced = recovered.last;
    const { appendTo, last } = recovered;
    if (last !== null) this.#previous = { segment: last.segment, bytes: last.offset };
    if (appendTo !== null && last !== null) {
      const fd = this.#fs.open(appendTo.path, false);
      const { offset: bytes } = last;
      this.#current = { ...appendTo, fd, bytes, syncedBytes: bytes, fresh: false, suspect: false };
    }
  }

  get position(): { appended: Position | null; synced: Position | null } {
    return { appended: this.#appended, synced: this.#synced };
  }

  /** All entries in one write, before this returns; or none of them. Throws TAPE_FULL, TAPE_IO, TAPE_ENTRY_INVALID, TAPE_CLOSED. */
  append(entries: readonly Entry[]): readonly Line[] {
    if (this.#closed) throw tapeClosed(this.#o.dir);
    const [first] = entries;
    if (first === undefined) return [];
    if (this.#unsynced.bytes > MAX_UNSYNCED_BYTES) throw diskBehind(this.#o.dir, this.#unsynced.bytes);
    this.#leaveWhenDue(first);
    const begins = this.#current === null;
    const batch = this.#encoder.encode(begins ? [this.#headEntry(first), ...entries] : entries, this.#lastUs);
    const segment = this.#current ?? this.#begin(batch.lines[0] as Line);
    this.#write(segment, batch, begins);
    this.#commit(segment, batch);
    this.#scheduleSync();
    return begins ? batch.lines.slice(1) : batch.lines;
  }

  /** Every later ts_recv exceeds this, µs: what a lost tape may have used. */
  raiseFloor(us: number): void {
    this.#lastUs = Math.max(this.#lastUs, us);
  }

  /** The ts_recv that a line received at `recvUs` would have now: everything that dates by this tape asks here. */
  stamp(recvUs: number): number {
    return stamp({ conn: 0, recvUs }, this.#lastUs);
  }

  /** The next append starts a new segment with a fresh head. */
  rotate(): void {
    if (this.#current === null) return;
    this.#left.push(this.#current);
    this.#previous = { segment: this.#current.segment, bytes: this.#current.bytes };
    this.#current = null;
  }

  /** Resolves when everything appended before the call is on the disk. Throws TAPE_IO. */
  async sync(): Promise<void> {
    const goal = this.#appended;
    while (comparePositions(this.#synced, goal) < 0) await this.#syncOnce();
  }

  /** Synced lines from a position on (null: the oldest), for ever. Errors as in `readTape`. */
  follow(from: Position | null, options: FollowOptions): AsyncGenerator<FollowBatch, void, undefined> {
    return followTape(this.#host(), from, options);
  }

  /** Syncs, closes the files and frees the lock. Followers end once they have everything. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    try {
      await this.sync();
    } finally {
      for (const segment of [...this.#left, this.#current])
        if (segment !== null) closeQuietly(this.#fs, segment.fd);
      this.#left = [];
      this.#current = null;
      this.#ended = true;
      this.#notify();
      this.#lock.release();
    }
  }

  #leaveWhenDue(first: Entry): void {
    const current = this.#current;
    if (current === null) return;
    const full = current.bytes >= (this.#o.segmentBytes ?? 32_000_000);
    if (full || dayOf(Math.max(first.recvUs, this.#lastUs + 1)) !== dayOf(current.segment)) this.rotate();
  }

  #headEntry(first: Entry): Entry {
    const data = {
      format: TAPE_FORMAT,
      account: this.#o.account,
      state: this.#o.head(),
      previous: this.#previous,
    };
    return { conn: first.conn, recvUs: first.recvUs, event: HEAD_EVENT, data };
  }

  #begin(head: Line): OpenSegment {
    const path = segmentPath(this.#o.dir, head.tsRecv);
    try {
      this.#fs.mkdir(dirname(path));
      const fd = this.#fs.open(path, true);
      return { segment: head.tsRecv, fd, path, bytes: 0, syncedBytes: 0, fresh: true, suspect: false };
    } catch (error) {
      throw ioError(error, 'start a segment of the tape', path);
    }
  }

  #write(segment: OpenSegment, batch: EncodedBatch, begins: boolean): void {
    try {
      writeWhole(this.#fs, segment.fd, batch.buffer.subarray(0, batch.bytes));
    } catch (error) {
      this.#takeBack(segment, begins);
      throw ioError(error, 'write to the tape', segment.path);
    }
  }

  /** Nothing of a batch that could not be written whole may stay. If even that fails, the next append starts a segment. */
  #takeBack(segment: OpenSegment, begins: boolean): void {
    try {
      if (begins) {
        closeQuietly(this.#fs, segment.fd);
        this.#fs.remove(segment.path);
      } else this.#fs.truncate(segment.fd, segment.bytes);
    } catch (error) {
      this.#o.log?.warn({ err: error, path: segment.path }, 'a part of a batch stays on the tape as damage');
      if (!begins) this.rotate();
    }
  }

  #commit(segment: OpenSegment, batch: EncodedBatch): void {
    const start = segment.bytes;
    segment.bytes += batch.bytes;
    this.#unsynced.add(segment.segment, start, batch.buffer.subarray(0, batch.bytes));
    this.#current = segment;
    this.#lastUs = batch.lastTsRecv;
    const ends = batch.ends.map((end) => start + end);
    this.#ring.push({ prevEnd: this.#appended, segment: segment.segment, start, lines: batch.lines, ends });
    this.#appended = { segment: segment.segment, offset: segment.bytes };
  }

  #scheduleSync(everyMs = this.#o.syncEveryMs ?? 100): void {
    if (this.#syncing !== null || this.#timer !== null) return;
    const waitMs = this.#lastSyncMs + everyMs - this.#o.clock.monoMs();
    this.#timer = setTimeout(
      () => {
        this.#timer = null;
        this.#syncOnce().catch((error: unknown) => {
          this.#o.log?.warn({ err: error }, 'the tape could not be synced; trying again');
        });
      },
      Math.max(0, waitMs),
    );
  }

  #syncOnce(): Promise<void> {
    this.#syncing ??= this.#syncAll().then(
      () => {
        this.#syncing = null;
        if (!this.#closed && comparePositions(this.#synced, this.#appended) < 0) this.#scheduleSync();
      },
      (error: unknown) => {
        this.#syncing = null;
        if (!this.#closed) this.#scheduleSync(SYNC_AGAIN_MS);
        throw error;
      },
    );
    return this.#syncing;
  }

  async #syncAll(): Promise<void> {
    const goal = this.#appended;
    // A segment that is left meanwhile joins the list of the next round.
    const left = [...this.#left];
    const segments = this.#current === null ? left : [...left, this.#current];
    const { dir, log } = this.#o;
    try {
      for (const segment of segments)
        await makeDurable(segment, { fs: this.#fs, dir, log, unsynced: this.#unsynced });
    } catch (error) {
      throw ioError(error, 'sync the tape', dir);
    } finally {
      this.#lastSyncMs = this.#o.clock.monoMs();
    }
    for (const segment of left) closeQuietly(this.#fs, segment.fd);
    this.#left = this.#left.filter((segment) => !left.includes(segment));
    this.#synced = goal;
    this.#notify();
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }

  #host(): FollowHost {
    const synced = (): Position | null => this.#synced;
    const closed = (): boolean => this.#ended;
    return {
      dir: this.#o.dir,
      ring: this.#ring,
      followers: this.#followers,
      get synced() {
        return synced();
      },
      get closed() {
        return closed();
      },
      onChange: (notify) => {
        const once = (): void => {
          this.#listeners.delete(once);
          notify();
        };
        this.#listeners.add(once);
        return () => this.#listeners.delete(once);
      },
      trim: () => this.#trim(),
    };
  }

  #trim(): void {
    let slowest: Position | null = null;
    for (const at of this.#followers.values()) {
      if (at === null) return;
      if (slowest === null || comparePositions(at, slowest) < 0) slowest = at;
    }
    if (slowest !== null) this.#ring.trim(slowest);
  }
}
