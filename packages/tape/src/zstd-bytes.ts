// Decompresses one zstd frame as far as it goes. In: an open file. Out: pieces of the content, and whether it came to its end. The
// content checksum is for other tools: it is switched off here, because the decoder gives up a whole block for it, while every
// line carries a crc of its own. A changed byte then costs the lines it touches, or what follows it when it broke the coding.
import type { FileHandle } from 'node:fs/promises';
import { createZstdDecompress, type ZstdDecompress } from 'node:zlib';
import type { SourceFailure } from './damage.ts';

const PIECE_BYTES = 32 * 1024;
/** Longest frame header: magic 4, descriptor 1, window 1, dictionary id 4, content size 8. */
const HEADER_BYTES = 18;
const CHECKSUM_FLAG = 0b100;

export class ZstdBytes {
  failure: SourceFailure | null = null;
  readonly #file: FileHandle;
  readonly #decoder: ZstdDecompress;
  readonly #ready: Buffer[] = [];
  readonly #piece = Buffer.allocUnsafe(PIECE_BYTES);
  #broken = false;
  #over = false;
  #wake: (() => void) | null = null;
  #ended = false;
  #at = 0;
  #inputEnd = -1;
  #contentBytes: number | null = null;
  #given = 0;

  constructor(file: FileHandle) {
    this.#file = file;
    this.#decoder = createZstdDecompress();
    this.#decoder.on('data', (piece: Buffer) => this.#ready.push(piece));
    // The decoder ends by itself after the frame, whatever follows, and then never answers the write it was given.
    for (const over of ['end', 'error', 'close']) {
      this.#decoder.on(over, () => {
        if (over === 'error') this.#broken = true;
        this.#over = true;
        this.#wake?.();
      });
    }
  }

  /** The next piece, null at the end. Throws errors of the operating system, except EIO, which is a `failure`. */
  async next(): Promise<Buffer | null> {
    while (this.#ready.length === 0) {
      if (this.#ended) return null;
      await this.#advance();
    }
    const piece = this.#ready.shift() as Buffer;
    this.#given += piece.length;
    return piece;
  }

  close(): void {
    this.#decoder.destroy();
  }

  async #advance(): Promise<void> {
    const input = this.#over ? null : await this.#input();
    if (!this.#over) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        if (input === null) this.#decoder.end();
        else this.#decoder.write(input, () => resolve());
      });
      this.#wake = null;
    }
    if (!this.#over && input !== null) return;
    this.#ended = true;
    if (this.failure === null && this.#broken) this.failure = this.#lost('zstd');
    if (this.failure?.lostBytes === 0) this.failure = null;
  }

  /** Bytes produced so far count as given: whoever asks has taken or will take them. */
  #lost(reason: 'zstd' | 'unreadable'): SourceFailure {
    const produced = this.#given + this.#ready.reduce((sum, piece) => sum + piece.length, 0);
    const left = this.#contentBytes === null ? null : this.#contentBytes - produced;
    return { reason, lostBytes: left !== null && left >= 0 ? left : null };
  }

  async #input(): Promise<Buffer | null> {
    if (this.#inputEnd < 0) this.#inputEnd = (await this.#file.stat()).size;
    const length = Math.min(PIECE_BYTES, this.#inputEnd - this.#at);
    if (length <= 0) return null;
    let bytesRead: number;
    try {
      ({ bytesRead } = await this.#file.read(this.#piece, 0, length, this.#at));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EIO') throw error;
      this.failure = this.#lost('unreadable');
      return null;
    }
    if (bytesRead === 0) return null;
    const input = this.#piece.subarray(0, bytesRead);
    if (this.#at === 0) this.#header(input);
    this.#at += bytesRead;
    return input.subarray(0, Math.max(0, bytesRead - Math.max(0, this.#at - this.#inputEnd)));
  }

  // RFC 8878 §3.1.1.1: descriptor = content size flag (2 bits), single segment, 2 unused, checksum, dictionary id flag (2).
  #header(input: Buffer): void {
    if (input.length < HEADER_BYTES) return;
    const descriptor = input[4] as number;
    if ((descriptor & CHECKSUM_FLAG) !== 0) {
      input[4] = descriptor & ~CHECKSUM_FLAG;
      this.#inputEnd -= 4;
    }
    const single = (descriptor & 0b10_0000) !== 0;
    const at = 5 + (single ? 0 : 1) + ([0, 1, 2, 4][descriptor & 0b11] as number);
    const size = descriptor >> 6;
    if (size === 3) this.#contentBytes = Number(input.readBigUInt64LE(at));
    else if (size === 2) this.#contentBytes = input.readUInt32LE(at);
    else if (size === 1) this.#contentBytes = input.readUInt16LE(at) + 256;
    else if (single) this.#contentBytes = input[at] as number;
  }
}
