// The last tick of each symbol that an account's terminal has seen. In: the market's ticks, and the broker link going down and up. Out: the tick for
// snapshots and quotes: while the link is down, and until a newer tick comes, it is the one from before.

import type { LastTick, TickTape } from '../prices/tick-tape.ts';

export class SeenQuotes {
  readonly #tape: TickTape;
  readonly #symbols: number;
  #frozen: (LastTick | null)[] | null = null;
  /** Ticks from the outage up to this number were not seen; null while the link is down. */
  #resumedAfter: number | null = 0;

  constructor(tape: TickTape, symbols: number) {
    this.#tape = tape;
    this.#symbols = symbols;
  }

  linkDown(): void {
    this.#frozen = Array.from({ length: this.#symbols }, (_, i) => this.last(i));
    this.#resumedAfter = null;
  }

  linkUp(): void {
    this.#resumedAfter = this.#tape.count;
  }

  /** The newest tick seen, or null when there was none. */
  last(symbol: number): LastTick | null {
    if (this.#frozen === null) return this.#tape.lastTick(symbol);
    if (this.#resumedAfter !== null) {
      const newest = this.#tape.lastTick(symbol);
      if (newest !== null && newest.n > this.#resumedAfter) return newest;
    }
    return this.#frozen[symbol] ?? null;
  }
}
