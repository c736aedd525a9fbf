// The seeded market: ticks depend only on seed, start and rate, and are made as the virtual clock passes them. In: real time. Out: ticks in the
// market. The broker's clock is the frontier up to which all ticks are made. On a slow machine it falls behind the virtual clock, which is set
// back when the difference exceeds five seconds.

import { Arrivals } from '../prices/arrivals.ts';
import type { Market } from './market.ts';
import { PriceProcess } from '../prices/price-process.ts';
import type { Demand, EmittedTick, TickSource } from '../prices/tick-source.ts';
import { VirtualClock } from '../prices/virtual-clock.ts';

const GIVE_WAY_MS = 5000;

export interface MarketSourceOptions {
  readonly seed: number;
  readonly startUtcMs: number;
  readonly monoMs: number;
  /** Virtual seconds per real second. */
  readonly speed: number;
  /** All symbols together, per virtual second. */
  readonly ticksPerSecond: number;
}

export class MarketSource implements TickSource {
  readonly #market: Market;
  readonly #prices: PriceProcess[];
  readonly #arrivals: Arrivals;
  readonly #clock: VirtualClock;
  #frontier: number;
  #paused = false;
  #gaveWayMs = 0;

  constructor(market: Market, options: MarketSourceOptions) {
    this.#market = market;
    this.#prices = market.symbols.map((spec) => new PriceProcess(spec, options.seed));
    this.#arrivals = new Arrivals(market.symbols, {
      seed: options.seed,
      ticksPerSecond: options.ticksPerSecond,
      isOpen: market.isOpen,
      onSlot: (hour, shares) => {
        for (const [i, price] of this.#prices.entries()) price.tune(hour, shares[i] as number);
      },
    });
    this.#clock = new VirtualClock(options.startUtcMs, options.monoMs, options.speed);
    this.#frontier = options.startUtcMs;
    this.#arrivals.restart(options.startUtcMs);
  }

  advance(monoMs: number, demand: Demand): boolean {
    const target = this.#clock.at(monoMs);
    if (this.#paused) {
      this.#frontier = Math.max(this.#frontier, target);
      return true;
    }
    const arrivals = this.#arrivals;
    for (let made = 0; made < demand.maxTicks; made++) {
      if (!arrivals.due(target)) {
        this.#frontier = Math.max(this.#frontier, target);
        return true;
      }
      const price = this.#prices[arrivals.symbol] as PriceProcess;
      if (arrivals.kind !== 'equal') price.next();
      this.#record(arrivals.symbol, Math.floor(arrivals.at), price);
      this.#frontier = arrivals.at;
      arrivals.take();
    }
    const behindMs = target - this.#frontier;
    if (behindMs > GIVE_WAY_MS * this.#clock.speed) {
      this.#gaveWayMs += behindMs;
      this.#clock.set(this.#frontier, monoMs);
    }
    return false;
  }

  nowUtcMs(): number {
    return Math.floor(this.#frontier);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#arrivals.restart(this.#frontier);
  }

  setRate(ticksPerSecond: number): void {
    this.#arrivals.restart(this.#frontier, ticksPerSecond);
  }

  setClock(monoMs: number, change: { utcMs?: number; speed?: number }): void {
    const utcMs = change.utcMs ?? this.#clock.at(monoMs);
    if (utcMs < this.#frontier) throw new RangeError('the virtual clock only moves forward');
    this.#clock.set(utcMs, monoMs, change.speed ?? this.#clock.speed);
    if (change.utcMs !== undefined) {
      this.#frontier = utcMs;
      this.#arrivals.restart(utcMs);
    }
  }

  emit(symbol: number, ticks: readonly EmittedTick[]): void {
    const price = this.#prices[symbol] as PriceProcess;
    for (const tick of ticks) {
      if (tick === null) price.next();
      else {
        price.bid = tick.bid;
        price.ask = tick.ask;
      }
      this.#record(symbol, Math.floor(this.#frontier), price);
    }
  }

  close(): void {
    // A made-up market keeps nothing.
  }

  state(): Record<string, unknown> {
    return {
      kind: 'market',
      paused: this.#paused,
      speed: this.#clock.speed,
      ticksPerSecond: this.#arrivals.ticksPerSecond,
      gaveWayMs: Math.round(this.#gaveWayMs),
    };
  }

  #record(symbol: number, utcMs: number, price: PriceProcess): void {
    this.#market.record(symbol, utcMs, price.bid, price.ask, price.last, price.volume);
  }
}
