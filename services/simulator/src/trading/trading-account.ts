// One account's trading as a whole: the book, what moves it, the desk, and the small trader that may use it. In: ticks, time and requests.
// Out: the deals that are new since they were last taken. An account where nobody ever traded costs nothing a tick.

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
  /** Of the small trader; 0 for none. */
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

  /** False while ticks do not concern it. */
  get active(): boolean {
    return this.#active;
  }

  /** A tick, prices in points; `mayTrade` lets the small trader act. Returns true when more than a quote changed. */
  tick(symbol: number, utcMs: number, quote: { bid: number; ask: number; mayTrade: boolean }): boolean {
    const before = this.book.version;
    this.#events.tick(symbol, utcMs, quote.bid, quote.ask);
    if (this.#trader !== null && quote.mayTrade && utcMs >= this.#trader.nextUtcMs)
      this.#trader.onTick(symbol, utcMs);
    return this.book.version !== before;
  }

  /** Time alone has passed. Returns true when something changed. */
  time(utcMs: number): boolean {
    return this.#active && this.#events.time(utcMs);
  }

  /** The desk, for a request that comes now. */
  desk(): OrderDesk {
    this.#activate();
    return this.#desk;
  }

  /** Conversions at the present quotes. */
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
