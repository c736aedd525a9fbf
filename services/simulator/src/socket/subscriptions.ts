// The subscriptions of one connection. In: subscribe, unsubscribe, and faults that make the server forget. Out: the answer to `list`, and for the hot path
// whether ticks of a symbol are wanted and which of its timeframes.

import { TIMEFRAMES, type Timeframe } from '../history/timeframe.ts';
import type { Subscription } from './request.ts';

const keyOf = (subscription: Subscription): string =>
  `${subscription.topic} ${subscription.symbol ?? ''} ${subscription.timeframe ?? ''}`;

export class Subscriptions {
  readonly #byKey = new Map<string, Subscription>();
  readonly #indexOf: (symbol: string) => number;
  readonly #prices: Uint8Array;
  readonly #bars: Uint16Array;
  #priceCount = 0;

  constructor(symbols: number, indexOf: (symbol: string) => number) {
    this.#indexOf = indexOf;
    this.#prices = new Uint8Array(symbols);
    this.#bars = new Uint16Array(symbols);
  }

  /** 1 for each symbol whose ticks are wanted. */
  get prices(): Uint8Array {
    return this.#prices;
  }

  /** True while ticks of any symbol are wanted. */
  get anyPrices(): boolean {
    return this.#priceCount > 0;
  }

  /** Timeframes of a symbol whose bars are wanted. */
  timeframes(symbol: number): Timeframe[] {
    const mask = this.#bars[symbol] ?? 0;
    return mask === 0 ? [] : TIMEFRAMES.filter((_, i) => (mask & (1 << i)) !== 0);
  }

  has(topic: Subscription['topic']): boolean {
    return this.#byKey.has(keyOf({ topic }));
  }

  /** False when it existed already. */
  add(subscription: Subscription): boolean {
    const key = keyOf(subscription);
    if (this.#byKey.has(key)) return false;
    this.#byKey.set(key, subscription);
    this.#mark(subscription, true);
    return true;
  }

  /** False when it did not exist. */
  remove(subscription: Subscription): boolean {
    if (!this.#byKey.delete(keyOf(subscription))) return false;
    this.#mark(subscription, false);
    return true;
  }

  /** Silently forgets the matching subscriptions. */
  forget(which: (subscription: Subscription) => boolean): number {
    const gone = this.list().filter(which);
    for (const subscription of gone) this.remove(subscription);
    return gone.length;
  }

  list(): Subscription[] {
    return [...this.#byKey.values()];
  }

  #mark(subscription: Subscription, on: boolean): void {
    if (subscription.symbol === undefined) return;
    const symbol = this.#indexOf(subscription.symbol);
    // An unlisted symbol may be "subscribed" without ever having data.
    if (symbol < 0) return;
    if (subscription.topic === 'prices') {
      this.#prices[symbol] = on ? 1 : 0;
      this.#priceCount += on ? 1 : -1;
    } else if (subscription.timeframe !== undefined) {
      const bit = 1 << TIMEFRAMES.indexOf(subscription.timeframe);
      const mask = this.#bars[symbol] as number;
      this.#bars[symbol] = on ? mask | bit : mask & ~bit;
    }
  }
}
