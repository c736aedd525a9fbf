// A random trader that opens and closes positions, so that trades, positions and account figures change. In: each tick. Out: orders at the desk. Its
// orders depend only on the ticks, not on the slices.

import { Random } from '../prices/random.ts';
import type { TradingBook } from './book.ts';
import type { OrderDesk } from './order-desk.ts';
import type { Position } from './records.ts';

export interface RandomTraderOptions {
  readonly seed: number;
  readonly account: string;
  /** Deals per virtual hour; 0 never trades. */
  readonly dealsPerHour: number;
  readonly startUtcMs: number;
}

const MOST_POSITIONS = 3;
export const MAGIC = 77_000_000_001n;

export class RandomTrader {
  readonly #book: TradingBook;
  readonly #desk: OrderDesk;
  readonly #random: Random;
  readonly #meanGapMs: number;
  /** The position whose symbol's next tick closes it, or null. */
  #closing: Position | null = null;
  #orders = 0;
  /** Virtual time of the next action. */
  nextUtcMs: number;

  constructor(book: TradingBook, desk: OrderDesk, options: RandomTraderOptions) {
    this.#book = book;
    this.#desk = desk;
    this.#random = new Random(options.seed, `trader/${options.account}`);
    const { dealsPerHour, startUtcMs } = options;
    this.#meanGapMs = dealsPerHour === 0 ? Number.POSITIVE_INFINITY : 3_600_000 / dealsPerHour;
    this.nextUtcMs = startUtcMs + this.#gap();
  }

  /** Called with a tick at or after `nextUtcMs`. */
  onTick(symbol: number, utcMs: number): void {
    const mine = this.#book.positions.filter(({ magic }) => magic === MAGIC);
    if (this.#closing === null && this.#wantsToClose(mine)) this.#closing = mine[0] as Position;
    if (this.#closing === null) {
      this.#open(symbol, utcMs);
      return;
    }
    if (!mine.includes(this.#closing)) this.#closing = null;
    else if (symbol !== this.#closing.symbol) return;
    else {
      this.#desk.close(this.#closing.ticket, 0, utcMs);
      this.#closing = null;
    }
    this.nextUtcMs = utcMs + this.#gap();
  }

  #wantsToClose(mine: readonly Position[]): boolean {
    if (mine.length === 0) return false;
    return mine.length >= MOST_POSITIONS || this.#random.next() < 0.5;
  }

  /** It trades only symbols with the dollar on one side. */
  #open(symbol: number, utcMs: number): void {
    const { currencyBase, currencyProfit } = this.#book.spec(symbol);
    if (currencyBase !== 'USD' && currencyProfit !== 'USD') return;
    const type = this.#random.next() < 0.5 ? 'Buy' : 'Sell';
    const lots = (1 + this.#random.below(5)) / 10;
    const comment = `sim ${++this.#orders % 10_000}`;
    this.#desk.send({ symbol, type, lots, magic: MAGIC, comment }, utcMs);
    this.nextUtcMs = utcMs + this.#gap();
  }

  #gap(): number {
    return -Math.log(1 - this.#random.next()) * this.#meanGapMs;
  }
}
