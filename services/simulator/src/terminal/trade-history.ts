// All deals and closed positions of an account: from before the start, since then, and late ones. In: the book, and the past as a generator that runs at
// the first request. Out: both lists by time. A late deal has a past time and no `trade` frame; the balance includes it.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { MarketView } from '../broker/market.ts';
import { bothLegs, type PastTrades } from './past-trading.ts';
import type { TradingBook } from '../trading/book.ts';
import { cents, commissionOf, profitUsd } from '../trading/money.ts';
import type { ClosedPosition, Deal } from '../trading/records.ts';

/** A round trip that appears in the history afterwards, or without a symbol a balance correction. */
export interface LateDeal {
  readonly utcMs: number;
  readonly symbol: number | null;
  readonly holdMs: number;
  /** Amount of a correction. */
  readonly amount: number;
}

export class TradeHistory {
  readonly #market: MarketView;
  readonly #book: TradingBook;
  readonly #makePast: () => Generator<void, PastTrades>;
  #past: PastTrades | null = null;
  #making: Promise<void> | null = null;
  #lateDeals: Deal[] = [];
  #lateClosed: ClosedPosition[] = [];

  constructor(market: MarketView, book: TradingBook, makePast: () => Generator<void, PastTrades>) {
    this.#market = market;
    this.#book = book;
    this.#makePast = makePast;
  }

  /** Resolves when the past is made. */
  ready(): Promise<void> {
    this.#making ??= this.#make();
    return this.#making;
  }

  /** Deals with a UTC time in [from, to], by time. Call `ready` first. */
  deals(fromUtcMs: number, toUtcMs: number): Deal[] {
    const time = ({ utcMs }: Deal): number => utcMs;
    return merged(
      [this.#made.deals, this.#book.deals, this.#lateDeals].map((all) =>
        slice(all, time, fromUtcMs, toUtcMs),
      ),
      (a, b) => a.utcMs - b.utcMs || Number(a.deal - b.deal),
    );
  }

  /** Round trips closed in [from, to] of UTC, by the time of closing. Call `ready` first. */
  closed(fromUtcMs: number, toUtcMs: number): ClosedPosition[] {
    const time = ({ closeUtcMs }: ClosedPosition): number => closeUtcMs;
    return merged(
      [this.#made.closed, this.#book.closed, this.#lateClosed].map((all) =>
        slice(all, time, fromUtcMs, toUtcMs),
      ),
      (a, b) => a.closeUtcMs - b.closeUtcMs || Number(a.ticket - b.ticket),
    );
  }

  /** Adds a late deal. Returns its deals. Throws RangeError when there is no price at that time. */
  addLate(late: LateDeal): readonly Deal[] {
    const added = late.symbol === null ? [this.#correction(late)] : this.#lateTrip(late, late.symbol);
    this.#lateDeals = [...this.#lateDeals, ...added].toSorted((a, b) => a.utcMs - b.utcMs);
    for (const { profit, swap, commission } of added) this.#book.adjust(profit + swap + commission);
    return added;
  }

  get #made(): PastTrades {
    if (this.#past === null) throw new Error('the past of this account is not made yet');
    return this.#past;
  }

  async #make(): Promise<void> {
    const steps = this.#makePast();
    for (;;) {
      const step = steps.next();
      if (step.done === true) {
        this.#past = step.value;
        return;
      }
      await nextTurn();
    }
  }

  #correction({ utcMs, amount }: LateDeal): Deal {
    const { deal } = this.#book.nextIds();
    return {
      deal,
      order: 0n,
      position: 0n,
      symbol: -1,
      type: 'Balance',
      entry: 'In',
      volume: 0,
      price: 0,
      profit: cents(amount),
      swap: 0,
      commission: 0,
      magic: 0n,
      comment: 'Correction',
      utcMs,
    };
  }

  #lateTrip({ utcMs, holdMs }: LateDeal, symbol: number): readonly Deal[] {
    const spec = this.#market.symbols[symbol] as MarketView['symbols'][number];
    const [openPrice, closePrice] = [utcMs, utcMs + holdMs].map((at) => this.#price(symbol, at)) as [
      number,
      number,
    ];
    const opening = this.#book.nextIds();
    const closing = this.#book.nextIds();
    const lots = 0.1;
    const position: ClosedPosition = {
      ticket: opening.ticket,
      symbol,
      side: 'Buy',
      lots,
      openPrice,
      openUtcMs: utcMs,
      magic: 0n,
      comment: 'late',
      commission: cents(commissionOf(lots) * 2),
      closeUtcMs: utcMs + holdMs,
      closePrice,
      profit: profitUsd(spec, { side: 'Buy', lots, open: openPrice, close: closePrice }),
      swap: 0,
    };
    this.#lateClosed = [...this.#lateClosed, position].toSorted((a, b) => a.closeUtcMs - b.closeUtcMs);
    const [first, second] = bothLegs(position, closing.ticket);
    return [
      { ...first, deal: opening.deal },
      { ...second, deal: closing.deal },
    ];
  }

  #price(symbol: number, utcMs: number): number {
    const spec = this.#market.symbols[symbol] as MarketView['symbols'][number];
    const close = this.#market.bars[symbol]?.closeAt(Math.floor(utcMs / 60_000)) ?? null;
    if (close === null) throw new RangeError(`${spec.name} has no price at ${new Date(utcMs).toISOString()}`);
    return close / 10 ** spec.digits;
  }
}

/** The elements of an ordered list with times in [from, to]. */
function slice<T>(all: readonly T[], time: (one: T) => number, from: number, to: number): readonly T[] {
  const first = (above: (at: number) => boolean): number => {
    let low = 0;
    let high = all.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (above(time(all[middle] as T))) high = middle;
      else low = middle + 1;
    }
    return low;
  };
  return all.slice(
    first((at) => at >= from),
    first((at) => at > to),
  );
}

function merged<T>(parts: readonly (readonly T[])[], order: (a: T, b: T) => number): T[] {
  const filled = parts.filter((part) => part.length > 0);
  return filled.length > 1 ? filled.flat().sort(order) : [...(filled[0] ?? [])];
}
