// The bytes of one segment in order, plain or compressed. In: a segment and where to start. Out: bytes put into the reader's buffer,
// and at the end whether the segment could be read to its end. Survives that the plain file becomes the compressed one meanwhile.
import { type FileHandle, open } from 'node:fs/promises';
import type { SourceFailure } from './damage.ts';
import { errnoOf, ioError } from './errors.ts';
import { compressedPath, type Segment } from './segment.ts';
import { ZstdBytes } from './zstd-bytes.ts';

export interface SegmentSource {
  /** Bytes put into the buffer at `offset`, at most `length`; 0 at the end. Throws TAPE_IO. */
  read(buffer: Buffer, offset: number, length: number): Promise<number>;
  /** Known once `read` gave 0. */
  readonly failure: SourceFailure | null;
  close(): Promise<void>;
}

/** Opens a segment at an uncompressed offset. null when it is gone. Throws TAPE_IO. */
export async function openSegment(segment: Segment, offset: number): Promise<SegmentSource | null> {
  if (!segment.compressed) {
    const file = await openFile(segment.path);
    if (file !== null) return new PlainSource(file, segment.path, offset);
  }
  // Compression renames the new file into place before it removes the plain one: one of them is always there.
  const path = segment.compressed ? segment.path : compressedPath(segment.path);
  const file = await openFile(path);
  return file === null ? null : new CompressedSource(file, path, offset);
}

class PlainSource implements SegmentSource {
  failure: SourceFailure | null = null;
  readonly #file: FileHandle;
  readonly #path: string;
  #at: number;

  constructor(file: FileHandle, path: string, offset: number) {
    this.#file = file;
    this.#path = path;
    this.#at = offset;
  }

  async read(buffer: Buffer, offset: number, length: number): Promise<number> {
    try {
      const { bytesRead } = await this.#file.read(buffer, offset, length, this.#at);
      this.#at += bytesRead;
      return bytesRead;
    } catch (error) {
      // A sector that the disk cannot give is damage like any other. Everything else may pass.
      if (errnoOf(error) !== 'EIO') throw ioError(error, 'read the tape', this.#path);
      this.failure = { reason: 'unreadable', lostBytes: await this.#bytesLeft() };
      return 0;
    }
  }

  async #bytesLeft(): Promise<number> {
    return Math.max(0, (await this.#file.stat()).size - this.#at);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

class CompressedSource implements SegmentSource {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #bytes: ZstdBytes;
  #skip: number;
  #piece: Buffer | null = null;

  constructor(file: FileHandle, path: string, offset: number) {
    this.#file = file;
    this.#path = path;
    this.#bytes = new ZstdBytes(file);
    this.#skip = offset;
  }

  get failure(): SourceFailure | null {
    return this.#bytes.failure;
  }

  async read(buffer: Buffer, offset: number, length: number): Promise<number> {
    let taken = 0;
    while (taken < length) {
      const piece = this.#piece ?? (await this.#next());
      if (piece === null) break;
      const skipped = Math.min(this.#skip, piece.length);
      this.#skip -= skipped;
      const copied = piece.copy(buffer, offset + taken, skipped, skipped + length - taken);
      taken += copied;
      const rest = piece.subarray(skipped + copied);
      this.#piece = rest.length === 0 ? null : rest;
    }
    return taken;
  }

  async #next(): Promise<Buffer | null> {
    try {
      return await this.#bytes.next();
    } catch (error) {
      throw ioError(error, 'read the tape', this.#path);
    }
  }

  async close(): Promise<void> {
    this.#bytes.close();
    await this.#file.close();
  }
}

async function openFile(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw ioError(error, 'open the tape', path);
  }
}
