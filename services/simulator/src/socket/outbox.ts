// The send queue of one client's socket, with a limit and large writes. In: tick numbers and complete frames, in order. Out: frames on the socket in that
// order, a mark in the ledger for each tick that was written or withheld, and a `warning` with the number of dropped frames.
//
//   pushTick / pushFrame ──► queue (ring) ──pump──► 64 KiB chunks ──► socket.write
//                              │ full and not writable, or held by a fault
//                              └─► drop the newest or the oldest; `warning` follows
//
// A tick is queued by its number and encoded when it is written. "Written" means handed to the TCP socket; at most HIGH_BYTES of that may still be inside
// this process.

import type { Socket } from 'node:net';
import { CHUNK_MASK, type TickChunk, type TickTape } from '../prices/tick-tape.ts';
import type { AccountLedger } from '../ledger.ts';
import { droppedWarning } from './messages.ts';
import { MAX_TICK_FRAME_BYTES, type TickEncoder } from './tick-encoder.ts';
import { webSocketFrame } from './websocket-frame.ts';

const CHUNK_BYTES = 64 * 1024;
const HIGH_BYTES = 256 * 1024;
const POOLED_CHUNKS = 16;

type DropPolicy = 'drop_newest' | 'drop_oldest';

/** How the queue behaves when it is full. `limit` null never drops. */
export interface QueueRule {
  readonly limit: number | null;
  readonly policy: DropPolicy;
  /** Where the `warning` goes: where frames are missing, or behind all queued frames. */
  readonly warning: 'in_place' | 'last';
  /** Called once when this many frames were dropped under the rule, before the next one is queued. */
  readonly enough?: { readonly dropped: number; readonly stop: () => void };
}

export interface OutboxOptions {
  readonly socket: Socket;
  readonly conn: number;
  readonly tape: TickTape;
  readonly encoder: TickEncoder;
  readonly ledger: AccountLedger;
  readonly rule: QueueRule;
  readonly wholeSeconds: () => boolean;
  /** False once the closing handshake began: nothing may be written any more. */
  readonly mayWrite: () => boolean;
}

interface SideFrame {
  readonly bytes: Buffer;
  readonly droppable: boolean;
}

/** The holds that stop the outbox from writing, by the name of the fault. */
type Hold = string;

export class Outbox {
  readonly #o: OutboxOptions;
  readonly #holds = new Map<Hold, QueueRule | null>();
  readonly #frames = new Map<number, SideFrame>();
  readonly #chunks: Buffer[] = [];
  #ring = new Int32Array(4096);
  /** Positions never wrap; they start at 1, so that one is free in front. */
  #head = 1;
  #tail = 1;
  #nextFrame = -1;
  #rule: QueueRule;
  /** Dropped frames not yet reported to the client. */
  #untold = 0;
  #closed = false;
  #inFlight = 0;
  /** Called when the kernel took bytes, so that the source may continue. */
  onRoom: () => void = () => {};
  /** Frames dropped in the life of this socket, ticks included. */
  dropped = 0;

  constructor(options: OutboxOptions) {
    this.#o = options;
    this.#rule = options.rule;
  }

  /** Queued frames. */
  get queued(): number {
    return this.#tail - this.#head;
  }

  get held(): boolean {
    return this.#holds.size > 0;
  }

  /** True when the kernel has taken everything. */
  get idle(): boolean {
    return this.queued === 0 && this.#untold === 0 && this.#inFlight === 0;
  }

  /** Lowest tick number that is still needed, or null. */
  get oldestTick(): number | null {
    for (let i = this.#head; i < this.#tail; i++) {
      const entry = this.#ring[i & (this.#ring.length - 1)] as number;
      if (entry > 0) return entry;
    }
    return null;
  }

  pushTick(n: number): void {
    if (!this.#makeRoom()) {
      this.#o.ledger.markWithheld(n);
      return;
    }
    this.#append(n);
  }

  /** Queues a message. Answers to requests are never dropped. */
  pushText(text: string, options: { droppable: boolean }): void {
    this.pushFrame(webSocketFrame(Buffer.from(text)), options);
  }

  /** Queues a complete WebSocket frame. */
  pushFrame(bytes: Buffer, options: { droppable: boolean }): void {
    if (this.#closed) return;
    if (options.droppable && !this.#makeRoom()) return;
    this.#append(this.#keep({ bytes, droppable: options.droppable }));
  }

  /** Stops writing under a name; `rule` replaces the queue's own while the hold lasts. */
  hold(name: Hold, rule: QueueRule | null = null): void {
    this.#holds.set(name, rule);
    if (rule !== null) this.#rule = rule;
  }

  /** Releases a hold; after the last one everything queued is written. */
  release(name: Hold): void {
    const rule = this.#holds.get(name);
    if (rule === undefined) return;
    this.#holds.delete(name);
    if (this.#holds.size > 0) return;
    if (rule !== null)
      this.#tellDropped(rule.warning === 'in_place' && rule.policy === 'drop_oldest' ? 'front' : 'back');
    this.#rule = this.#o.rule;
    this.pump();
  }

  /** Never reports the frames dropped so far. */
  forgetDropped(): void {
    this.#untold = 0;
  }

  /** Writes as much as the socket takes. */
  pump(): void {
    const { socket } = this.#o;
    while (!this.#closed && this.#holds.size === 0 && socket.writableLength < HIGH_BYTES) {
      if (!this.#o.mayWrite()) return;
      if (this.#untold > 0 && (this.#rule.policy === 'drop_oldest' || this.#head === this.#tail))
        this.#tellDropped('front');
      if (this.#head === this.#tail) return;
      this.#writeChunk(socket);
    }
  }

  /** The socket is gone: queued frames are never written. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (let i = this.#head; i < this.#tail; i++) {
      const entry = this.#ring[i & (this.#ring.length - 1)] as number;
      if (entry > 0) this.#o.ledger.markWithheld(entry);
    }
    this.#head = this.#tail;
    this.#frames.clear();
    this.#untold = 0;
    this.onRoom();
  }

  #writeChunk(socket: Socket): void {
    const chunk = this.#chunks.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES);
    const mask = this.#ring.length - 1;
    let at = 0;
    let large: Buffer | null = null;
    while (this.#head < this.#tail) {
      const entry = this.#ring[this.#head & mask] as number;
      if (entry > 0) {
        if (at + MAX_TICK_FRAME_BYTES > CHUNK_BYTES) break;
        at = this.#writeTick(chunk, at, entry);
      } else {
        const { bytes } = this.#frames.get(entry) as SideFrame;
        if (at + bytes.length > CHUNK_BYTES) {
          if (at > 0) break;
          large = bytes;
        } else {
          at += bytes.copy(chunk, at);
        }
        this.#frames.delete(entry);
      }
      this.#head++;
      if (large !== null) break;
    }
    this.#inFlight++;
    socket.write(large ?? chunk.subarray(0, at), () => {
      this.#inFlight--;
      if (this.#chunks.length < POOLED_CHUNKS) this.#chunks.push(chunk);
      this.pump();
      this.onRoom();
    });
  }

  #writeTick(out: Buffer, at: number, n: number): number {
    const { tape, encoder, ledger, conn } = this.#o;
    const whole = this.#o.wholeSeconds();
    const chunk: TickChunk = tape.chunk(n);
    const i = n & CHUNK_MASK;
    const end = encoder.write(
      out,
      at,
      chunk.symbol[i] as number,
      ledger.statedUtcMs(n, chunk.utcMs[i] as number),
      chunk.bid[i] as number,
      chunk.ask[i] as number,
      chunk.last[i] as number,
      chunk.volume[i] as number,
      whole,
    );
    ledger.markWritten(n, conn, whole);
    return end;
  }

  /** True when one more frame may be queued. Tries to write first, then drops by the rule. */
  #makeRoom(): boolean {
    this.#stopIfEnough();
    if (this.#closed) return false;
    const { limit, policy } = this.#rule;
    if (limit === null || this.queued < limit) {
      if (this.#untold > 0 && policy === 'drop_newest' && this.#rule.warning === 'in_place')
        this.#tellDropped();
      return true;
    }
    this.pump();
    if (this.queued < limit) return this.#makeRoom();
    this.#untold++;
    this.dropped++;
    // When nothing more is queued, the rule must end by itself.
    if (this.#rule.enough !== undefined && this.#untold >= this.#rule.enough.dropped)
      setImmediate(() => this.#stopIfEnough());
    return policy === 'drop_oldest' && this.#dropOldest();
  }

  #stopIfEnough(): void {
    const { enough } = this.#rule;
    if (enough !== undefined && this.#untold >= enough.dropped) enough.stop();
  }

  /** Drops the oldest frame that may be dropped; false when there is none. */
  #dropOldest(): boolean {
    const mask = this.#ring.length - 1;
    for (let i = this.#head; i < this.#tail; i++) {
      const entry = this.#ring[i & mask] as number;
      if (entry < 0 && this.#frames.get(entry)?.droppable !== true) continue;
      if (entry > 0) this.#o.ledger.markWithheld(entry);
      else this.#frames.delete(entry);
      for (let j = i; j > this.#head; j--) this.#ring[j & mask] = this.#ring[(j - 1) & mask] as number;
      this.#head++;
      return true;
    }
    return false;
  }

  /** Puts the `warning` into the queue; it is not counted against the limit. */
  #tellDropped(where: 'front' | 'back' = 'back'): void {
    if (this.#untold === 0) return;
    const bytes = webSocketFrame(Buffer.from(droppedWarning(this.#untold)));
    this.#untold = 0;
    const entry = this.#keep({ bytes, droppable: false });
    if (where === 'back') {
      this.#append(entry);
      return;
    }
    if (this.queued === this.#ring.length) this.#grow();
    this.#head--;
    this.#ring[this.#head & (this.#ring.length - 1)] = entry;
  }

  #keep(frame: SideFrame): number {
    const id = this.#nextFrame--;
    this.#frames.set(id, frame);
    return id;
  }

  #append(entry: number): void {
    if (this.queued === this.#ring.length) this.#grow();
    this.#ring[this.#tail & (this.#ring.length - 1)] = entry;
    this.#tail++;
  }
  #grow(): void {
    const ring = new Int32Array(this.#ring.length * 2);
    for (let i = this.#head; i < this.#tail; i++)
      ring[i & (ring.length - 1)] = this.#ring[i & (this.#ring.length - 1)] as number;
    this.#ring = ring;
  }
}
