// Sends the snapshot after a price subscription in each order that a gateway may use. In: a subscription with its acknowledgement, then the next live
// tick of the symbol. Out: ack, snapshot and tick in the chosen order.
//
//   plain                ack  S(T0)        T1        (ack order after_snapshot puts the ack behind the snapshot)
//   before_live_of_same  ack  S(T1)  T1    T2
//   after_live_of_same   ack  T1  S(T1)    T2
//   overtaken            ack  T1  S(T0)    T2
//   lingering            ack  T1  T2  …  S(T0), or S of the tick that is the last by then
//
// The middle three wait for a tick; when none comes in time, the snapshot is sent plain. The last one waits for a time.

import type { LastTick, TickTape } from '../prices/tick-tape.ts';
import type { AckOrder, SnapshotOrder, Lingering } from '../conditions.ts';
import type { Outbox } from './outbox.ts';
import type { TickEncoder } from './tick-encoder.ts';

type FixedOrder = Exclude<SnapshotOrder, 'rotate'>;

interface Pending {
  readonly order: FixedOrder | 'lingering';
  readonly prior: LastTick | null;
  /** The acknowledgement that must follow the snapshot. */
  readonly ack: string | null;
  readonly deadlineMonoMs: number;
}

const ROTATION: readonly (readonly [FixedOrder, AckOrder])[] = [
  ['plain', 'before_snapshot'],
  ['before_live_of_same', 'before_snapshot'],
  ['after_live_of_same', 'before_snapshot'],
  ['overtaken', 'before_snapshot'],
  ['plain', 'after_snapshot'],
  ['before_live_of_same', 'after_snapshot'],
  ['after_live_of_same', 'after_snapshot'],
  ['overtaken', 'after_snapshot'],
];

export class Snapshots {
  readonly #outbox: Outbox;
  readonly #tape: TickTape;
  readonly #encoder: TickEncoder;
  readonly #wholeSeconds: () => boolean;
  readonly #lastSeen: (symbol: number) => LastTick | null;
  readonly #pending = new Map<number, Pending>();
  #turn: number;

  constructor(options: {
    outbox: Outbox;
    tape: TickTape;
    encoder: TickEncoder;
    wholeSeconds: () => boolean;
    /** The last tick of a symbol, as the terminal states it. */
    lastSeen: (symbol: number) => LastTick | null;
    /** Where `rotate` begins; each connection begins with another order. */
    turn: number;
  }) {
    this.#outbox = options.outbox;
    this.#tape = options.tape;
    this.#encoder = options.encoder;
    this.#wholeSeconds = options.wholeSeconds;
    this.#lastSeen = options.lastSeen;
    this.#turn = options.turn;
  }

  /** Number of waiting snapshots. */
  get waiting(): number {
    return this.#pending.size;
  }

  /** A symbol was subscribed. `ack` is the text of its acknowledgement; null when none is sent. */
  begin(
    symbol: number,
    ack: string | null,
    prior: LastTick | null,
    how: {
      readonly order: SnapshotOrder;
      readonly ack: AckOrder;
      readonly nowMonoMs: number;
      readonly waitMs: number;
      readonly lingers: Lingering | null;
    },
  ): void {
    if (how.lingers !== null) {
      this.#answer(ack);
      const stated = how.lingers.states === 'asked' ? prior : null;
      const deadlineMonoMs = how.nowMonoMs + how.lingers.ms;
      this.#pending.set(symbol, { order: 'lingering', prior: stated, ack: null, deadlineMonoMs });
      return;
    }
    const rotated = ROTATION[this.#turn++ % ROTATION.length] as (typeof ROTATION)[number];
    const [order, ackOrder] = how.order === 'rotate' ? rotated : [how.order, how.ack];
    const ackFirst = ackOrder === 'before_snapshot';
    if (ackFirst) this.#answer(ack);
    const ackLast = ackFirst ? null : ack;
    if (order === 'plain') {
      this.#state(symbol, prior);
      this.#answer(ackLast);
      return;
    }
    const deadlineMonoMs = how.nowMonoMs + how.waitMs;
    this.#pending.set(symbol, { order, prior, ack: ackLast, deadlineMonoMs });
  }

  /** Sends a live tick whose symbol may have a snapshot waiting. */
  tick(n: number, symbol: number): void {
    const pending = this.#pending.get(symbol);
    if (pending === undefined || pending.order === 'lingering') {
      this.#outbox.pushTick(n);
      return;
    }
    this.#pending.delete(symbol);
    const tick = this.#tape.read(n);
    if (pending.order === 'before_live_of_same') this.#state(symbol, tick);
    this.#outbox.pushTick(n);
    if (pending.order === 'after_live_of_same') this.#state(symbol, tick);
    if (pending.order === 'overtaken') this.#state(symbol, pending.prior);
    this.#answer(pending.ack);
  }

  /** Sends snapshots that have waited too long. */
  expire(monoMs: number): void {
    for (const [symbol, pending] of this.#pending) {
      if (pending.deadlineMonoMs > monoMs) continue;
      this.#pending.delete(symbol);
      const newest = pending.order === 'lingering' && pending.prior === null;
      this.#state(symbol, newest ? this.#lastSeen(symbol) : pending.prior);
      this.#answer(pending.ack);
    }
  }

  /** The subscription ended before its snapshot went out. */
  cancel(symbol: number): void {
    const pending = this.#pending.get(symbol);
    this.#pending.delete(symbol);
    this.#answer(pending?.ack ?? null);
  }

  /** All subscriptions were silently lost. */
  clear(): void {
    this.#pending.clear();
  }

  /** Sends the snapshot frame; a symbol that never had a tick has none. */
  #state(symbol: number, tick: LastTick | null): void {
    if (tick === null) return;
    this.#outbox.pushFrame(this.#encoder.frame(symbol, tick, this.#wholeSeconds()), { droppable: true });
  }

  #answer(ack: string | null): void {
    if (ack !== null) this.#outbox.pushText(ack, { droppable: false });
  }
}
