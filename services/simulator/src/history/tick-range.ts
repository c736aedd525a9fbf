// Ticks of one symbol by broker time. In: the market's ticks and the clock under which each was made. Out: the ticks of a range, in order. Freed ticks
// and ticks from before the start are missing.

import type { BrokerClock } from '../prices/broker-clock.ts';
import { CHUNK_BITS, CHUNK_MASK, type TickChunk, type TickTape } from '../prices/tick-tape.ts';

/** Broker wall clocks lie within 16 hours of UTC. */
const WIDEST_OFFSET_MS = 16 * 3_600_000;

/** A clock changes by two hours at most. */
const SWITCH_MS = 2 * 3_600_000;

/** Tick numbers and the chunks that hold them, which the tape may free later. */
export interface TickRange {
  readonly numbers: readonly number[];
  readonly chunkOf: (n: number) => TickChunk;
}

/** `from` and `to` are broker milliseconds, both inclusive. */
export function ticksBetween(options: {
  tape: TickTape;
  symbol: number;
  from: number;
  to: number;
  /** The clock of the account now, and the one under which tick `n` was made. */
  clock: BrokerClock;
  clockOf: (n: number) => BrokerClock;
  /** True when the clock rule has not changed since the start. */
  oneRule: boolean;
}): TickRange {
  const { tape, symbol, from, to, clock, clockOf, oneRule } = options;
  const utcOf = (brokerMs: number, later: boolean): number => {
    const margin = later ? WIDEST_OFFSET_MS : -WIDEST_OFFSET_MS;
    if (!oneRule || !Number.isFinite(brokerMs)) return brokerMs + margin;
    return brokerMs - clock.offsetMs(brokerMs) + (later ? SWITCH_MS : -SWITCH_MS);
  };
  const last = Math.min(tape.count, tape.firstAt(utcOf(to, true) + 1) - 1);
  const numbers: number[] = [];
  const chunks = new Map<number, TickChunk>();
  for (let n = tape.firstAt(utcOf(from, false)); n <= last; n++) {
    const chunk = tape.chunk(n);
    const at = n & CHUNK_MASK;
    if (chunk.symbol[at] !== symbol) continue;
    const brokerMs = clockOf(n).brokerMs(chunk.utcMs[at] as number);
    if (brokerMs < from || brokerMs > to) continue;
    chunks.set(n >> CHUNK_BITS, chunk);
    numbers.push(n);
  }
  return { numbers, chunkOf: (n) => chunks.get(n >> CHUNK_BITS) as TickChunk };
}
