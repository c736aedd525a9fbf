// The trading of one account: book, price events, order desk and random trader. In: ticks, time and requests. Out: the deals since the last call. An
// account that never traded costs nothing per tick.

import type { SymbolSpec } from '../prices/symbols.ts';
import { type BookOptions, TradingBook } from './book.ts';
import type { Money } from './money.ts';
import { type Execution, OrderDesk } from './order-desk.ts';
import { type BrokerTime, PriceEvents } from './price-events.ts';
import { RandomTrader } from './random-trader.ts';
import type { Deal } from './records.ts';

export interface TradingAccountOptions extends BookOptions {
  readonly seed: number;
  readonly account: string;
  readonly startUtcMs: number;
  /** Rate of the random trader; 0 for none. */
  readonly dealsPerHour: number;
  readonly clock: () => BrokerTime;
  readonly isOpen: (spec: SymbolSpec, utcMs: number) => boolean;
  readonly isConnected: () => boolean;
  readonly execution: () => Execution;
  /** The last quote in points, of the market itself. */
  readonly lastQuote: (symbol: number) => { bid: number; ask: number } | null;
}

export class TradingAccount {
  readonly book: TradingBook;
  readonly #events: PriceEvents;
  readonly #desk: OrderDesk;
  readonly #trader: RandomTrader | null;
  readonly #lastQuote: TradingAccountOptions['lastQuote'];
  #active = false;
  #told = 0;

  constructor(options: TradingAccountOptions) {
    const { startUtcMs, clock, symbols } = options;
    this.book = new TradingBook(options);
    const isOpen = (symbol: number, utcMs: number): boolean =>
      options.isOpen(symbols[symbol] as SymbolSpec, utcMs);
    this.#events = new PriceEvents(this.book, { startUtcMs, clock, isOpen });
    this.#desk = new OrderDesk(this.book, this.#events, {
      isOpen,
      isConnected: options.isConnected,
      execution: options.execution,
    });
    this.#lastQuote = options.lastQuote;
    this.#trader = options.dealsPerHour === 0 ? null : new RandomTrader(this.book, this.#desk, options);
    if (this.#trader !== null) this.#activate();
  }

  /** False while ticks have no effect on the account. */
  get active(): boolean {
    return this.#active;
  }

  /** Applies a tick, prices in points; `mayTrade` lets the random trader act. Returns true when more than the quote changed. */
  tick(symbol: number, utcMs: number, quote: { bid: number; ask: number; mayTrade: boolean }): boolean {
    const before = this.book.version;
    this.#events.tick(symbol, utcMs, quote.bid, quote.ask);
    if (this.#trader !== null && quote.mayTrade && utcMs >= this.#trader.nextUtcMs)
      this.#trader.onTick(symbol, utcMs);
    return this.book.version !== before;
  }

  /** Advances the time. Returns true when anything changed. */
  time(utcMs: number): boolean {
    return this.#active && this.#events.time(utcMs);
  }

  /** The order desk. From now on ticks affect the account. */
  desk(): OrderDesk {
    this.#activate();
    return this.#desk;
  }

  /** Conversions at current quotes. */
  money(): Money {
    if (!this.#active) this.#readQuotes();
    return this.book.money;
  }

  /** Deals since the last call. */
  takeNew(): readonly Deal[] {
    const fresh = this.book.deals.slice(this.#told);
    this.#told = this.book.deals.length;
    return fresh;
  }

  #activate(): void {
    if (this.#active) return;
    this.#active = true;
    this.#readQuotes();
  }

  #readQuotes(): void {
    for (const symbol of this.book.symbols.keys()) {
      const quote = this.#lastQuote(symbol);
      if (quote !== null) this.book.quote(symbol, quote.bid, quote.ask);
    }
  }
}
