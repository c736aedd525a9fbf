// Caches the made-up days that were used last, of all symbols together, with bounded memory.

import type { BarArrays } from './bar-columns.ts';

/** At 40 KB a day. */
const MOST_DAYS = 2000;

export class DayCache {
  readonly #days = new Map<string, BarArrays>();

  get(symbol: string, day: number, make: () => BarArrays): BarArrays {
    const key = `${symbol}/${day}`;
    const known = this.#days.get(key);
    const bars = known ?? make();
    // A map keeps its order of insertion, so the first entry is the least recently used.
    this.#days.delete(key);
    this.#days.set(key, bars);
    if (this.#days.size > MOST_DAYS) this.#days.delete(this.#days.keys().next().value as string);
    return bars;
  }
}
