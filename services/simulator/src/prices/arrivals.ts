// Draws when the next tick comes and of which symbol. In: seed, symbols, a rate. Out: a sequence that depends on nothing else: exponential intervals,
// symbols by their share of the hour, sometimes a second or equal tick in the same millisecond. Closed symbols have no share; the total rate is
// constant.

import { Random } from './random.ts';
import { newYorkHour, type OpenHours, SLOT_MS } from './session.ts';
import { activityFactor } from './spread.ts';
import type { SymbolSpec } from './symbols.ts';

const SAME_MS = 0.05;
const EQUAL = 0.015;

export type Arrival = 'next' | 'same_ms' | 'equal';

export class Arrivals {
  readonly #symbols: readonly SymbolSpec[];
  readonly #random: Random;
  readonly #cumulative: Float64Array;
  readonly #isOpen: OpenHours;
  readonly #onSlot: (newYorkHour: number, shares: readonly number[]) => void;
  #ticksPerSecond: number;
  #slotEnd = 0;
  #total = 0;
  /** UTC of the next tick, milliseconds with a fraction. */
  at = 0;
  symbol = 0;
  kind: Arrival = 'next';

  /** `onSlot` gets the New York hour and each symbol's ticks per second when they change. */
  constructor(
    symbols: readonly SymbolSpec[],
    options: {
      seed: number;
      ticksPerSecond: number;
      isOpen: OpenHours;
      onSlot: (newYorkHour: number, shares: readonly number[]) => void;
    },
  ) {
    this.#symbols = symbols;
    this.#random = new Random(options.seed, 'arrivals');
    this.#cumulative = new Float64Array(symbols.length);
    this.#ticksPerSecond = options.ticksPerSecond;
    this.#onSlot = options.onSlot;
    this.#isOpen = options.isOpen;
  }

  get ticksPerSecond(): number {
    return this.#ticksPerSecond;
  }

  /** Continues the sequence at this instant: at the start, after a pause, a jump or a change of rate. */
  restart(utcMs: number, ticksPerSecond = this.#ticksPerSecond): void {
    this.#ticksPerSecond = ticksPerSecond;
    this.kind = 'next';
    this.#enterSlot(utcMs);
    this.at = utcMs + this.#gap();
    if (this.kind === 'next') this.symbol = this.#pick();
  }

  /** True when a tick is due by `limitUtcMs`; then `at`, `symbol` and `kind` describe it. */
  due(limitUtcMs: number): boolean {
    while (this.at >= this.#slotEnd) {
      if (this.#slotEnd > limitUtcMs) return false;
      const slot = this.#slotEnd;
      this.#enterSlot(slot);
      this.at = slot + this.#gap();
      this.symbol = this.#pick();
    }
    return this.at <= limitUtcMs;
  }

  /** Moves on to the next tick. */
  take(): void {
    const chance = this.#random.next();
    if (chance < SAME_MS) {
      this.kind = chance < EQUAL ? 'equal' : 'same_ms';
      return;
    }
    this.kind = 'next';
    this.at += this.#gap();
    this.symbol = this.#pick();
  }

  #gap(): number {
    if (this.#total === 0 || this.#ticksPerSecond === 0) return Number.POSITIVE_INFINITY;
    const mean = 1000 / (this.#ticksPerSecond * (1 - SAME_MS));
    return -Math.log(1 - this.#random.next()) * mean;
  }

  #pick(): number {
    const cumulative = this.#cumulative;
    const point = this.#random.next() * this.#total;
    let low = 0;
    let high = cumulative.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((cumulative[middle] as number) > point) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #enterSlot(utcMs: number): void {
    const slot = utcMs - (utcMs % SLOT_MS);
    this.#slotEnd = slot + SLOT_MS;
    const hour = newYorkHour(slot);
    const weights = this.#symbols.map((spec) =>
      this.#isOpen(spec.kind, slot) ? spec.weight * activityFactor(spec, hour) : 0,
    );
    this.#total = 0;
    for (const [i, weight] of weights.entries()) {
      this.#total += weight;
      this.#cumulative[i] = this.#total;
    }
    const scale = this.#total === 0 ? 0 : this.#ticksPerSecond / this.#total;
    this.#onSlot(
      hour,
      weights.map((weight) => weight * scale),
    );
  }
}
