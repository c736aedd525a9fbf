// Applies ticks and time to an account. In: each tick, and the time when nothing trades. Out: filled pending orders, stops and targets, margin stop-outs,
// swap charges, expired orders. The result depends only on the ticks, not on the slices: time always advances to a tick before the tick is applied.

import type { TradingBook } from './book.ts';
import { cents } from './money.ts';
import { type PendingOrder, type Position, sideOf } from './records.ts';
import { nightsAfter, STOP_OUT_LEVEL, SWAP_POINTS } from './terms.ts';

const DAY = 86_400_000;

export interface BrokerTime {
  /** Broker wall clock minus UTC. */
  offsetMs(utcMs: number): number;
}

export class PriceEvents {
  readonly #book: TradingBook;
  readonly #clock: () => BrokerTime;
  readonly #isOpen: (symbol: number, utcMs: number) => boolean;
  /** The broker day whose swap has not been charged yet. */
  #day: number;
  /** Nothing happens by time alone before this. */
  #dueUtcMs = 0;
  #dueVersion = -1;

  constructor(
    book: TradingBook,
    options: {
      startUtcMs: number;
      clock: () => BrokerTime;
      isOpen: (symbol: number, utcMs: number) => boolean;
    },
  ) {
    this.#book = book;
    this.#clock = options.clock;
    this.#isOpen = options.isOpen;
    this.#day = this.#dayOf(options.startUtcMs);
  }

  /** Applies a tick, prices in points. Returns true when more than the quote changed. */
  tick(symbol: number, utcMs: number, bid: number, ask: number): boolean {
    const book = this.#book;
    const before = book.version;
    if (utcMs >= this.#dueUtcMs || this.#dueVersion !== before) this.time(utcMs);
    book.quote(symbol, bid, ask);
    if (book.watched[symbol] !== 0) {
      this.#levels(symbol, utcMs);
      this.#orders(symbol, utcMs);
      this.#stopOut(utcMs);
    }
    return book.version !== before;
  }

  /** Advances the time to `utcMs`. Returns true when anything changed. */
  time(utcMs: number): boolean {
    const book = this.#book;
    const before = book.version;
    const expired = book.pendings.filter(
      ({ expiresUtcMs }) => expiresUtcMs !== null && expiresUtcMs <= utcMs,
    );
    for (const order of expired) book.remove(order);
    this.#nights(utcMs);
    this.#schedule();
    return book.version !== before;
  }

  /** Stops and targets of positions. */
  #levels(symbol: number, utcMs: number): void {
    const book = this.#book;
    for (const position of book.positions.filter((one) => one.symbol === symbol)) {
      const now = book.closePoints(symbol, position.side);
      const sign = position.side === 'Buy' ? 1 : -1;
      const stopped = position.stopLoss !== 0 && (now - position.stopLoss) * sign <= 0;
      const reached = position.takeProfit !== 0 && (now - position.takeProfit) * sign >= 0;
      if (stopped || reached) book.close(position, position.lots, utcMs);
    }
  }

  #orders(symbol: number, utcMs: number): void {
    const book = this.#book;
    for (const order of book.pendings.filter((one) => one.symbol === symbol)) {
      const now = book.openPoints(symbol, order.side);
      if (order.type.endsWith('StopLimit') && isBeyond(order, now)) {
        order.type = order.side === 'Buy' ? 'BuyLimit' : 'SellLimit';
        order.price = order.stopLimit;
        order.stopLimit = 0;
        book.version++;
      }
      if (order.type.endsWith('StopLimit') || !isDue(order, now)) continue;
      book.remove(order);
      // An order without enough margin is deleted.
      if (book.canAfford(symbol, order.side, order.lots)) book.fill(order, utcMs);
    }
  }

  /** Closes the position with the largest loss until the margin suffices. */
  #stopOut(utcMs: number): void {
    const book = this.#book;
    while (book.positions.length > 0) {
      const { margin, marginLevel } = book.figures();
      if (margin === 0 || marginLevel > STOP_OUT_LEVEL) return;
      let worst: Position | null = null;
      let least = 0;
      for (const position of book.positions) {
        const { profit } = book.floating(position);
        if ((worst !== null && profit >= least) || !this.#isOpen(position.symbol, utcMs)) continue;
        worst = position;
        least = profit;
      }
      if (worst === null) return;
      book.close(worst, worst.lots, utcMs);
    }
  }

  #nights(utcMs: number): void {
    const book = this.#book;
    const today = this.#dayOf(utcMs);
    if (book.positions.length === 0) this.#day = today;
    for (; this.#day < today; this.#day++) {
      const dayOfWeek = (this.#day + 4) % 7;
      for (const position of book.positions) {
        const nights = nightsAfter(book.spec(position.symbol).kind, dayOfWeek);
        if (nights === 0) continue;
        const night = book.money.swap(position.symbol, position.lots, SWAP_POINTS[position.side]);
        position.swap = cents(position.swap + nights * night);
        book.version++;
      }
    }
  }

  #schedule(): void {
    const { pendings, positions, version } = this.#book;
    this.#dueVersion = version;
    this.#dueUtcMs = Number.POSITIVE_INFINITY;
    for (const { expiresUtcMs } of pendings)
      if (expiresUtcMs !== null) this.#dueUtcMs = Math.min(this.#dueUtcMs, expiresUtcMs);
    // A pending order may become a position before the next check of the day.
    if (positions.length === 0 && pendings.length === 0) return;
    const end = (this.#day + 1) * DAY;
    // An hour early, because the clock may change in between and an early check costs nothing.
    const near = end - this.#clock().offsetMs(end) - 3_600_000;
    this.#dueUtcMs = Math.min(this.#dueUtcMs, near);
  }

  #dayOf(utcMs: number): number {
    return Math.floor((utcMs + this.#clock().offsetMs(utcMs)) / DAY);
  }
}

/** True when the price of a stop order has been reached. */
const isBeyond = ({ side, price }: PendingOrder, now: number): boolean =>
  side === 'Buy' ? now >= price : now <= price;

function isDue(order: PendingOrder, now: number): boolean {
  if (order.type.endsWith('Limit'))
    return sideOf(order.type) === 'Buy' ? now <= order.price : now >= order.price;
  return isBeyond(order, now);
}
