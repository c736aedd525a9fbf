// Writes recorded frames to one socket in large pieces. In: frames, as text or base64. Out: WebSocket frames in that order; and whether the
// client keeps up, so that the player waits instead of keeping frames in memory.
//
//   text / binary ──► chunk (64 KiB) ──flush──► socket.write     full: HIGH_BYTES are waiting for the client

import type { Socket } from 'node:net';
import { OPCODE, webSocketFrame } from '../socket/websocket-frame.ts';

const CHUNK_BYTES = 64 * 1024;
const HIGH_BYTES = 256 * 1024;
const POOLED_CHUNKS = 8;
const MOST_HEADER_BYTES = 10;

export class FrameWriter {
  readonly #socket: Socket;
  readonly #mayWrite: () => boolean;
  readonly #chunks: Buffer<ArrayBuffer>[] = [];
  #chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  #at = 0;
  #inFlight = 0;
  #wake: (() => void) | null = null;

  /** `mayWrite`: false once the closing handshake has begun. */
  constructor(socket: Socket, mayWrite: () => boolean) {
    this.#socket = socket;
    this.#mayWrite = mayWrite;
  }

  /** The client is behind: wait for `room` before the next frame. */
  get full(): boolean {
    return this.#socket.writableLength >= HIGH_BYTES;
  }

  text(frame: string): void {
    const leastBytes = frame.length;
    // UTF-8 takes at most three bytes for a unit of the string.
    if (this.#at + MOST_HEADER_BYTES + leastBytes * 3 > CHUNK_BYTES) {
      this.flush();
      if (MOST_HEADER_BYTES + leastBytes * 3 > CHUNK_BYTES)
        return this.#send(webSocketFrame(Buffer.from(frame)));
    }
    const headerBytes = leastBytes <= 125 ? 2 : 4;
    const start = this.#at + headerBytes;
    const bytes = this.#chunk.write(frame, start);
    if (bytes !== leastBytes && (bytes <= 125 ? 2 : 4) !== headerBytes) {
      this.#at += webSocketFrame(Buffer.from(frame)).copy(this.#chunk, this.#at);
      return;
    }
    this.#chunk[this.#at] = 0x80 | OPCODE.text;
    if (headerBytes === 2) this.#chunk[this.#at + 1] = bytes;
    else {
      this.#chunk[this.#at + 1] = 126;
      this.#chunk[this.#at + 2] = bytes >> 8;
      this.#chunk[this.#at + 3] = bytes & 0xff;
    }
    this.#at = start + bytes;
  }

  binary(base64: string): void {
    this.flush();
    this.#send(webSocketFrame(Buffer.from(base64, 'base64'), OPCODE.binary));
  }

  /** Hands everything written so far to the socket. */
  flush(): void {
    if (this.#at === 0) return;
    const chunk = this.#chunk;
    const bytes = this.#at;
    this.#at = 0;
    this.#chunk = this.#chunks.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES);
    this.#send(chunk.subarray(0, bytes), chunk);
  }

  /** Resolves when the client has taken enough, or everything, or is gone. */
  async room(what: 'some' | 'all'): Promise<void> {
    this.flush();
    const mustWait = (): boolean => this.#mayWrite() && (what === 'all' ? this.#inFlight > 0 : this.full);
    while (mustWait())
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
  }

  /** The socket is gone: ends the wait for `room`. */
  gone(): void {
    this.#wake?.();
  }

  #send(bytes: Buffer, chunk: Buffer<ArrayBuffer> | null = null): void {
    if (!this.#mayWrite()) return;
    this.#inFlight++;
    this.#socket.write(bytes, () => {
      this.#inFlight--;
      if (chunk !== null && this.#chunks.length < POOLED_CHUNKS) this.#chunks.push(chunk);
      this.#wake?.();
    });
  }
}
