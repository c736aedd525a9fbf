// Makes an account's trades before the start of the simulation. In: seed, account, deals per day, number of days. Out: deals and closed positions, always
// the same, each price inside its minute bar. They are made day by day, so that the stream is not delayed. The first deal is a deposit that brings
// the balance at the start to a fixed value, which is therefore known without the past.

import type { MarketView } from '../broker/market.ts';
import { Random } from '../prices/random.ts';
import { cents, commissionOf, opposite, profitUsd } from '../trading/money.ts';
import { MAGIC } from '../trading/random-trader.ts';
import type { ClosedPosition, Deal } from '../trading/records.ts';

const DAY = 86_400_000;
const MINUTE = 60_000;
/** An account trades few symbols, and all accounts choose from the same few, so that their days are made only once. */
const TRADED = 4;
const FAVOURITES = 2;
const MOST_POSITIONS = 3;
const SWAP_PER_LOT_AND_NIGHT = -1.7;
const EVENTS_A_STEP = 64;

export interface PastTradingOptions {
  readonly seed: number;
  readonly account: string;
  /** Deals per trading day, all symbols together. */
  readonly dealsPerDay: number;
  readonly days: number;
  /** The past ends with the minute of the start. */
  readonly startUtcMs: number;
  /** Balance at the start. */
  readonly startBalance: number;
  /** All tickets are below this one … */
  readonly firstTicket: bigint;
  /** … and all deal numbers below this one. */
  readonly firstDeal: bigint;
}

export interface PastTrades {
  /** By time, the deposit first. */
  readonly deals: readonly Deal[];
  /** By the time of closing. */
  readonly closed: readonly ClosedPosition[];
}

interface Leg {
  readonly utcMs: number;
  readonly price: number;
  /** Counts all legs from 0; becomes the order's number. */
  readonly order: number;
}

interface RoundTrip {
  readonly symbol: number;
  readonly side: 'Buy' | 'Sell';
  readonly lots: number;
  readonly magic: bigint;
  readonly opened: Leg;
}

class PastTrader {
  readonly #market: MarketView;
  readonly #o: PastTradingOptions;
  readonly #random: Random;
  readonly #favourites: readonly number[];
  readonly #open: RoundTrip[] = [];
  readonly #done: { trip: RoundTrip; closed: Leg }[] = [];
  #orders = 0;

  constructor(market: MarketView, options: PastTradingOptions) {
    this.#market = market;
    this.#o = options;
    this.#random = new Random(options.seed, `past/${options.account}`);
    const tradable = market.symbols
      .flatMap(({ currencyBase, currencyProfit }, i) =>
        currencyBase === 'USD' || currencyProfit === 'USD' ? [i] : [],
      )
      .slice(0, TRADED);
    const favourites: number[] = [];
    while (favourites.length < FAVOURITES && tradable.length > 0)
      favourites.push(...tradable.splice(this.#random.below(tradable.length), 1));
    this.#favourites = favourites;
  }

  *trade(): Generator<void, PastTrades> {
    const { startUtcMs, days, dealsPerDay } = this.#o;
    const until = startUtcMs - (startUtcMs % MINUTE);
    const first = this.#market.bars[0]?.firstUtcMs ?? until;
    const from = Math.max(until - days * DAY, first);
    const gap = (): number => 1 + Math.floor((-Math.log(1 - this.#random.next()) * DAY) / dealsPerDay);
    let events = 0;
    for (let utcMs = from + gap(); utcMs < until; utcMs += gap()) {
      this.#event(utcMs);
      if (++events % EVENTS_A_STEP === 0) yield;
    }
    for (const trip of this.#open.splice(0)) this.#closeBefore(trip, until);
    return this.#asRows(from);
  }

  /** The trader acts, unless the symbol is closed. */
  #event(utcMs: number): void {
    const random = this.#random;
    const [oldest] = this.#open;
    if (oldest !== undefined && (this.#open.length >= MOST_POSITIONS || random.next() < 0.5)) {
      const closed = this.#leg(oldest.symbol, utcMs);
      if (closed === null) return;
      this.#open.shift();
      this.#done.push({ trip: oldest, closed });
      return;
    }
    const symbol = this.#favourites[random.below(this.#favourites.length)];
    if (symbol === undefined) return;
    const opened = this.#leg(symbol, utcMs);
    if (opened === null) return;
    this.#open.push({
      symbol,
      side: random.next() < 0.5 ? 'Buy' : 'Sell',
      lots: (1 + random.below(5)) / 10,
      magic: MAGIC + BigInt(random.below(3)),
      opened,
    });
  }

  #leg(symbol: number, utcMs: number): Leg | null {
    const bar = this.#market.bars[symbol]?.pastMinute(Math.floor(utcMs / MINUTE)) ?? null;
    if (bar === null) return null;
    const points = bar.low + this.#random.below(bar.high - bar.low + 1);
    const { digits } = this.#market.symbols[symbol] as MarketView['symbols'][number];
    return { utcMs, price: points / 10 ** digits, order: this.#orders++ };
  }

  /** Closes everything before the simulation begins. */
  #closeBefore(trip: RoundTrip, until: number): void {
    const minute = this.#market.bars[trip.symbol]?.pastMinuteBefore(until / MINUTE) ?? null;
    if (minute === null) return;
    const closed = this.#leg(trip.symbol, Math.max(minute * MINUTE + MINUTE - 1, trip.opened.utcMs));
    if (closed !== null) this.#done.push({ trip, closed });
  }

  #asRows(from: number): PastTrades {
    const { startBalance, firstTicket, firstDeal } = this.#o;
    const ticketOf = (order: number): bigint => firstTicket - BigInt(this.#orders - order);
    const legs: Omit<Deal, 'deal'>[] = [];
    const closed: ClosedPosition[] = [];
    let earned = 0;
    for (const { trip, closed: out } of this.#done) {
      const position = this.#roundTrip(trip, out, ticketOf);
      closed.push(position);
      legs.push(...bothLegs(position, ticketOf(out.order)));
      earned += position.profit + position.swap + position.commission;
    }
    const deposit: Omit<Deal, 'deal'> = {
      order: 0n,
      position: 0n,
      symbol: -1,
      type: 'Balance',
      entry: 'In',
      volume: 0,
      price: 0,
      profit: cents(startBalance - earned),
      swap: 0,
      commission: 0,
      magic: 0n,
      comment: 'Deposit',
      utcMs: from,
    };
    const sorted = [deposit, ...legs.toSorted((a, b) => a.utcMs - b.utcMs || Number(a.order - b.order))];
    return {
      deals: sorted.map((deal, i) => ({ ...deal, deal: firstDeal - BigInt(sorted.length - i) })),
      closed: closed.toSorted((a, b) => a.closeUtcMs - b.closeUtcMs || Number(a.ticket - b.ticket)),
    };
  }

  #roundTrip(trip: RoundTrip, out: Leg, ticketOf: (order: number) => bigint): ClosedPosition {
    const spec = this.#market.symbols[trip.symbol] as MarketView['symbols'][number];
    const ticket = ticketOf(trip.opened.order);
    const nights = Math.floor(out.utcMs / DAY) - Math.floor(trip.opened.utcMs / DAY);
    return {
      ticket,
      symbol: trip.symbol,
      side: trip.side,
      lots: trip.lots,
      openPrice: trip.opened.price,
      openUtcMs: trip.opened.utcMs,
      magic: trip.magic,
      comment: `sim ${ticket % 10_000n}`,
      commission: cents(commissionOf(trip.lots) * 2),
      closeUtcMs: out.utcMs,
      closePrice: out.price,
      profit: profitUsd(spec, {
        side: trip.side,
        lots: trip.lots,
        open: trip.opened.price,
        close: out.price,
      }),
      swap: nights === 0 ? 0 : cents(SWAP_PER_LOT_AND_NIGHT * trip.lots * nights),
    };
  }
}

/** The deals that opened and closed a position, without their numbers. As on MT5, the second has no magic. */
export function bothLegs(
  position: ClosedPosition,
  closingOrder: bigint,
): [Omit<Deal, 'deal'>, Omit<Deal, 'deal'>] {
  const { ticket, symbol, side, lots, magic, comment } = position;
  const shared = { position: ticket, symbol, volume: lots, commission: cents(position.commission / 2) };
  return [
    {
      ...shared,
      order: ticket,
      type: side,
      entry: 'In',
      price: position.openPrice,
      profit: 0,
      swap: 0,
      magic,
      comment,
      utcMs: position.openUtcMs,
    },
    {
      ...shared,
      order: closingOrder,
      type: opposite(side),
      entry: 'Out',
      price: position.closePrice,
      profit: position.profit,
      swap: position.swap,
      magic: 0n,
      comment: '',
      utcMs: position.closeUtcMs,
    },
  ];
}

/** The past as a generator that yields between pieces of work; empty with 0 deals per day. */
export function* pastTrades(market: MarketView, options: PastTradingOptions): Generator<void, PastTrades> {
  if (options.dealsPerDay === 0) return { deals: [], closed: [] };
  return yield* new PastTrader(market, options).trade();
}
