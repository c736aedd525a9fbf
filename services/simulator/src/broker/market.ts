// What all accounts share: the symbols, every tick made so far, and the bars folded from them.
// In: ticks from a source, in order. Out: the tape of ticks, minute bars, and which minutes a tick closed.

import { MinuteBars } from '../history/minute-bars.ts';
import { DayCache, PastBars } from '../history/past.ts';
import { type OpenHours, openHours, SLOT_MS } from '../prices/session.ts';
import type { SymbolSpec } from '../prices/symbols.ts';
import { TickTape } from '../prices/tick-tape.ts';

/** Tick `n` of `symbol` began a new minute and so closed `minute` (UTC minutes since 1970). */
export interface MinuteClosed {
  readonly n: number;
  readonly symbol: number;
  readonly minute: number;
}

export interface MarketOptions {
  readonly seed: number;
  /** First instant of the simulation; the made-up history ends in this minute. */
  readonly startUtcMs: number;
  readonly historyDays: number;
  /** Default: every week is an ordinary one. */
  readonly holidays?: boolean;
}

export class Market {
  readonly symbols: readonly SymbolSpec[];
  readonly tape: TickTape;
  readonly bars: readonly MinuteBars[];
  readonly isOpen: OpenHours;
  readonly #index = new Map<string, number>();
  #closed: MinuteClosed[] = [];

  constructor(symbols: readonly SymbolSpec[], options: MarketOptions) {
    this.symbols = symbols;
    this.tape = new TickTape(symbols.length);
    this.isOpen = openHours(options.holidays ?? false);
    const cache = new DayCache();
    this.bars = symbols.map(
      (spec) =>
        new MinuteBars(
          new PastBars(spec, {
            seed: options.seed,
            startUtcMs: options.startUtcMs,
            days: options.historyDays,
            cache,
            isOpen: this.isOpen,
          }),
        ),
    );
    for (const [i, spec] of symbols.entries()) this.#index.set(spec.name, i);
  }

  /** Number of a symbol by its exact name, or −1. */
  indexOf(name: string): number {
    return this.#index.get(name) ?? -1;
  }

  /** Adds a tick, prices in points. Returns its number. */
  record(symbol: number, utcMs: number, bid: number, ask: number, last: number, volume: number): number {
    const n = this.tape.append(symbol, utcMs, bid, ask, last, volume);
    const minute = (this.bars[symbol] as MinuteBars).add(utcMs, bid, ask - bid);
    if (minute !== -1) this.#closed.push({ n, symbol, minute });
    return n;
  }

  /** The minutes closed since the last call, in order of their ticks. */
  takeClosed(): readonly MinuteClosed[] {
    const closed = this.#closed;
    if (closed.length > 0) this.#closed = [];
    return closed;
  }

  /** Gives each symbol an initial quote: its reference price at the end of its last session. */
  quoteFromBefore(startUtcMs: number): void {
    for (const [i, spec] of this.symbols.entries()) {
      let slot = startUtcMs - (startUtcMs % SLOT_MS);
      while (!this.isOpen(spec.kind, slot)) slot -= SLOT_MS;
      const bid = Math.round(spec.anchor * 10 ** spec.digits);
      const quote = { bid, ask: bid + spec.spreadPoints, last: 0, volume: 0 };
      this.tape.setInitial(i, { utcMs: Math.min(startUtcMs, slot + SLOT_MS) - 137, ...quote });
    }
  }
}

/** The market as an account sees it: the same ticks and bars under the broker's names. */
export type MarketView = Pick<Market, 'symbols' | 'tape' | 'bars' | 'isOpen' | 'indexOf'>;

/** The market with a broker's suffix, such as `EURUSD.m` for `EURUSD`. */
export function spelled(market: Market, suffix: string): MarketView {
  if (suffix === '') return market;
  const { tape, bars, isOpen } = market;
  const symbols = market.symbols.map((spec) => ({ ...spec, name: `${spec.name}${suffix}` }));
  const numbers = new Map(symbols.map(({ name }, i) => [name, i]));
  return { symbols, tape, bars, isOpen, indexOf: (name) => numbers.get(name) ?? -1 };
}
