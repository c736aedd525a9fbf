// The price of one symbol: a random walk with a weak pull to its reference price, and a spread that varies with the hour. In: one call per tick. Out:
// bid and ask in points. It depends only on seed, symbol and calls.

import { Random } from './random.ts';
import { spreadFactor } from './spread.ts';
import type { SymbolSpec } from './symbols.ts';

/** Typical largest distance from the reference price, as a share of it. */
const ROOM = 0.02;

export class PriceProcess {
  readonly #random: Random;
  readonly #anchor: number;
  readonly #spec: SymbolSpec;
  #mid: number;
  #step = 1;
  #pull = 0;
  #spread = 1;
  bid: number;
  ask: number;
  last = 0;
  volume = 0;

  constructor(spec: SymbolSpec, seed: number) {
    this.#spec = spec;
    this.#random = new Random(seed, `${spec.name}/price`);
    this.#anchor = spec.anchor * 10 ** spec.digits;
    this.#mid = this.#anchor + spec.spreadPoints / 2;
    this.bid = Math.round(this.#anchor);
    this.ask = this.bid + spec.spreadPoints;
  }

  /** Sets what varies with the hour: the usual spread, and the size of a tick's move at this rate. */
  tune(newYorkHour: number, ticksPerSecond: number): void {
    const daily = this.#spec.dailyMove * this.#anchor;
    const perTick = daily / Math.sqrt(86_400 * Math.max(ticksPerSecond, 1e-6));
    // A tick is a change of the quote; with steps well below a point most ticks would show none.
    this.#step = Math.min(Math.max(perTick, 0.7), daily);
    this.#pull = this.#step ** 2 / (2 * (ROOM * this.#anchor) ** 2);
    this.#spread = this.#spec.spreadPoints * spreadFactor(this.#spec.kind, newYorkHour);
  }

  /** Moves to the next quote. */
  next(): void {
    const random = this.#random;
    this.#mid += random.normal() * this.#step - this.#pull * (this.#mid - this.#anchor);
    const spread = Math.max(1, Math.round(this.#spread * (0.75 + random.next() * 0.6)));
    this.bid = Math.round(this.#mid - spread / 2);
    this.ask = this.bid + spread;
    if (this.#spec.kind === 'crypto') {
      this.last = random.next() < 0.5 ? this.bid : this.ask;
      this.volume = 1 + random.below(20);
    }
  }
}
