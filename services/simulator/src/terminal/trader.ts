// A small trader that opens a position now and then and closes it later, so that trades, positions and account figures move
// and agree with each other. In: each tick. Out: deals. What it does depends on the ticks alone, not on how they were sliced.

import { Random } from '../broker/random.ts';
import type { SymbolSpec } from '../broker/symbols.ts';

export interface Position {
  readonly ticket: bigint;
  readonly symbol: number;
  readonly side: 'Buy' | 'Sell';
  readonly lots: number;
  readonly openPrice: number;
  readonly openUtcMs: number;
  readonly magic: bigint;
  readonly comment: string;
  readonly commission: number;
}

export interface Deal {
  readonly deal: bigint;
  readonly order: bigint;
  readonly position: bigint;
  /** Number of the symbol, −1 for a deal that has none. */
  readonly symbol: number;
  readonly type: 'Buy' | 'Sell' | 'Balance';
  readonly entry: 'In' | 'Out';
  readonly volume: number;
  readonly price: number;
  readonly profit: number;
  readonly swap: number;
  readonly commission: number;
  readonly magic: bigint;
  readonly comment: string;
  readonly utcMs: number;
}

/** A closed round trip. */
export interface ClosedPosition extends Position {
  readonly closeUtcMs: number;
  readonly closePrice: number;
  readonly profit: number;
  readonly swap: number;
}

export interface TraderOptions {
  readonly seed: number;
  readonly account: string;
  /** Deals per virtual hour; 0 never trades. */
  readonly dealsPerHour: number;
  readonly startUtcMs: number;
  readonly startBalance: number;
  /** Tickets count up from here; beyond 32 bits by default, as at real brokers. */
  readonly firstTicket: bigint;
  readonly firstDeal: bigint;
}

const MOST_POSITIONS = 3;
/** In US dollars, on each leg. */
export const COMMISSION_PER_LOT = 3.5;
export const MAGIC = 77_000_000_001n;

/** Rounded to the cent. */
export const cents = (amount: number): number => Math.round(amount * 100) / 100;

/** Profit in US dollars of a move, for symbols that have the dollar on one side. */
export function profitUsd(
  spec: SymbolSpec,
  side: 'Buy' | 'Sell',
  lots: number,
  open: number,
  now: number,
): number {
  const move = (side === 'Buy' ? now - open : open - now) * lots * spec.contractSize;
  return cents(spec.currencyProfit === 'USD' ? move : move / now);
}

export class Trader {
  readonly #symbols: readonly SymbolSpec[];
  readonly #random: Random;
  readonly #meanGapMs: number;
  #nextTicket: bigint;
  #nextDeal: bigint;
  /** The symbol whose next tick closes a position, or −1. */
  #closing = -1;
  /** No deal before this virtual time. */
  nextUtcMs: number;
  balance: number;
  readonly positions: Position[] = [];
  readonly deals: Deal[] = [];
  readonly closed: ClosedPosition[] = [];

  constructor(symbols: readonly SymbolSpec[], options: TraderOptions) {
    this.#symbols = symbols;
    this.#random = new Random(options.seed, `trader/${options.account}`);
    this.#meanGapMs =
      options.dealsPerHour === 0 ? Number.POSITIVE_INFINITY : 3_600_000 / options.dealsPerHour;
    this.#nextTicket = options.firstTicket;
    this.#nextDeal = options.firstDeal;
    this.balance = options.startBalance;
    this.nextUtcMs = options.startUtcMs + this.#gap();
  }

  /** Called with a tick at or after `nextUtcMs`. Returns the deal it led to, or null. */
  onTick(symbol: number, utcMs: number, bid: number, ask: number): Deal | null {
    const spec = this.#symbols[symbol] as SymbolSpec;
    if (this.#closing === -1 && this.#wantsToClose()) this.#closing = (this.positions[0] as Position).symbol;
    if (this.#closing !== -1) return symbol === this.#closing ? this.#close(spec, utcMs, bid, ask) : null;
    if (spec.currencyBase !== 'USD' && spec.currencyProfit !== 'USD') return null;
    return this.#open(symbol, spec, utcMs, bid, ask);
  }

  /** The next ticket of an order, and the next number of a deal, for what was traded without a tick. */
  nextIds(): { ticket: bigint; deal: bigint } {
    return { ticket: this.#nextTicket++, deal: this.#nextDeal++ };
  }

  /** Changes the balance by what a deal brought that `onTick` did not make. */
  book(amount: number): void {
    this.balance = cents(this.balance + amount);
  }

  #wantsToClose(): boolean {
    if (this.positions.length === 0) return false;
    return this.positions.length >= MOST_POSITIONS || this.#random.next() < 0.5;
  }

  #open(symbol: number, spec: SymbolSpec, utcMs: number, bid: number, ask: number): Deal {
    const side = this.#random.next() < 0.5 ? 'Buy' : 'Sell';
    const lots = (1 + this.#random.below(5)) / 10;
    const ticket = this.#nextTicket++;
    const position: Position = {
      ticket,
      symbol,
      side,
      lots,
      openPrice: (side === 'Buy' ? ask : bid) / 10 ** spec.digits,
      openUtcMs: utcMs,
      magic: MAGIC,
      comment: `sim ${ticket % 10_000n}`,
      commission: -cents(COMMISSION_PER_LOT * lots),
    };
    this.positions.push(position);
    this.balance = cents(this.balance + position.commission);
    return this.#record({
      deal: this.#nextDeal++,
      order: ticket,
      position: ticket,
      symbol,
      type: side,
      entry: 'In',
      volume: lots,
      price: position.openPrice,
      profit: 0,
      swap: 0,
      commission: position.commission,
      magic: position.magic,
      comment: position.comment,
      utcMs,
    });
  }

  #close(spec: SymbolSpec, utcMs: number, bid: number, ask: number): Deal {
    this.#closing = -1;
    const position = this.positions.shift() as Position;
    const price = (position.side === 'Buy' ? bid : ask) / 10 ** spec.digits;
    const profit = profitUsd(spec, position.side, position.lots, position.openPrice, price);
    this.balance = cents(this.balance + profit + position.commission);
    this.closed.push({ ...position, closeUtcMs: utcMs, closePrice: price, profit, swap: 0 });
    return this.#record({
      deal: this.#nextDeal++,
      order: this.#nextTicket++,
      position: position.ticket,
      symbol: position.symbol,
      type: position.side === 'Buy' ? 'Sell' : 'Buy',
      entry: 'Out',
      volume: position.lots,
      price,
      profit,
      swap: 0,
      commission: position.commission,
      // As on MT5: the leg that closes carries neither.
      magic: 0n,
      comment: '',
      utcMs,
    });
  }

  #record(deal: Deal): Deal {
    this.deals.push(deal);
    this.nextUtcMs = deal.utcMs + this.#gap();
    return deal;
  }

  #gap(): number {
    return -Math.log(1 - this.#random.next()) * this.#meanGapMs;
  }
}
