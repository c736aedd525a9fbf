// The account at the broker: money, positions, pending orders, deals. In: fills and closings at a price and time. Out: deals and round trips that add up:
// balance = start + Σ deals, open volume = Σ entries − exits. It is deterministic. order-desk.ts decides by requests and price-events.ts by the
// market when something happens.
//
//   hedging   each fill is a separate position (always on MT4)
//   netting   one position per symbol: a fill adds to it, reduces it, or reverses it (entry InOut)

import type { SymbolSpec } from '../prices/symbols.ts';
import { cents, commissionOf, inLots, inPrice, Money, opposite, type Quotes, type Side } from './money.ts';
import type { ClosedPosition, Deal, OrderTerms, PendingOrder, Position } from './records.ts';
import { VOLUME } from './terms.ts';

export interface BookOptions {
  readonly symbols: readonly SymbolSpec[];
  readonly platform: 'mt4' | 'mt5';
  readonly netting: boolean;
  readonly leverage: number;
  readonly startBalance: number;
  /** First ticket; beyond 32 bits by default, as at real brokers. */
  readonly firstTicket: bigint;
  readonly firstDeal: bigint;
}

export interface Figures {
  readonly balance: number;
  /** Floating profit, including swap and commission that is still due. */
  readonly profit: number;
  readonly equity: number;
  readonly margin: number;
  readonly freeMargin: number;
  /** Percent; 0 without a position. */
  readonly marginLevel: number;
}

/** A filled order; `ticket` null takes the next one. */
export type Fill = OrderTerms & { readonly ticket: bigint | null };

export class TradingBook {
  readonly symbols: readonly SymbolSpec[];
  readonly platform: 'mt4' | 'mt5';
  readonly netting: boolean;
  readonly money: Money;
  readonly quotes: Quotes;
  readonly positions: Position[] = [];
  readonly pendings: PendingOrder[] = [];
  readonly deals: Deal[] = [];
  readonly closed: ClosedPosition[] = [];
  /** Number of positions and pending orders per symbol, for the hot path. */
  readonly watched: Uint32Array;
  balance: number;
  /** Counts changes of positions, pending orders and money. */
  version = 0;
  #nextTicket: bigint;
  #nextDeal: bigint;

  constructor(options: BookOptions) {
    const { symbols, platform } = options;
    this.symbols = symbols;
    this.platform = platform;
    this.netting = options.netting && platform === 'mt5';
    this.quotes = {
      bid: new Float64Array(symbols.length).fill(Number.NaN),
      ask: new Float64Array(symbols.length).fill(Number.NaN),
    };
    this.money = new Money(symbols, this.quotes, options.leverage);
    this.watched = new Uint32Array(symbols.length);
    this.balance = options.startBalance;
    this.#nextTicket = options.firstTicket;
    this.#nextDeal = options.firstDeal;
  }

  quote(symbol: number, bid: number, ask: number): void {
    this.quotes.bid[symbol] = bid;
    this.quotes.ask[symbol] = ask;
  }

  spec(symbol: number): SymbolSpec {
    return this.symbols[symbol] as SymbolSpec;
  }

  /** The opening price of a side, in points; NaN without a quote. */
  openPoints(symbol: number, side: Side): number {
    return (side === 'Buy' ? this.quotes.ask : this.quotes.bid)[symbol] as number;
  }

  /** The closing price of a position of this side, in points. */
  closePoints(symbol: number, side: Side): number {
    return this.openPoints(symbol, opposite(side));
  }

  price(symbol: number, points: number): number {
    return points / 10 ** this.spec(symbol).digits;
  }

  /** The next ticket and deal number, for trades without a quote. */
  nextIds(): { ticket: bigint; deal: bigint } {
    return { ticket: this.nextTicket(), deal: this.#nextDeal++ };
  }

  nextTicket(): bigint {
    return this.#nextTicket++;
  }

  /** Changes the balance by a deal that is kept elsewhere. */
  adjust(amount: number): void {
    this.balance = cents(this.balance + amount);
    this.version++;
  }

  place(order: PendingOrder): void {
    this.pendings.push(order);
    this.#watch(order.symbol, 1);
  }

  /** A pending order ends: deleted, expired, or about to be filled. */
  remove(order: PendingOrder): void {
    this.pendings.splice(this.pendings.indexOf(order), 1);
    this.#watch(order.symbol, -1);
  }

  /** Opens, adds to, reduces or reverses a position at the current quote or `worse` points beyond it. Returns the deal. */
  fill(order: Fill, utcMs: number, worse = 0): Deal {
    const ticket = order.ticket ?? this.nextTicket();
    const points = this.openPoints(order.symbol, order.side) + (order.side === 'Buy' ? worse : -worse);
    const price = this.price(order.symbol, points);
    const held = this.netting ? this.positions.find(({ symbol }) => symbol === order.symbol) : undefined;
    if (held === undefined) return this.#open(order, ticket, price, utcMs);
    if (held.side === order.side) return this.#add(held, order, ticket, price, utcMs);
    if (order.lots <= held.lots) return this.#leave(held, order.lots, ticket, price, utcMs);
    return this.#turn(held, order, ticket, price, utcMs);
  }

  /** Closes a position, or `lots` of it, at the current quote or `worse` points beyond it. Returns the deal. */
  close(position: Position, lots: number, utcMs: number, worse = 0): Deal {
    const { side, symbol } = position;
    const points = this.closePoints(symbol, side) + (side === 'Buy' ? -worse : worse);
    return this.#leave(position, lots, this.nextTicket(), this.price(symbol, points), utcMs);
  }

  /** Profit of an open position at the current quote. */
  floating({ symbol, side, lots, openPrice: open }: Position): { price: number; profit: number } {
    const points = this.closePoints(symbol, side);
    const price = Number.isNaN(points) ? open : this.price(symbol, points);
    return { price, profit: this.money.profit(symbol, { side, lots, open, close: price }) };
  }

  figures(): Figures {
    let profit = 0;
    for (const position of this.positions)
      profit += this.floating(position).profit + position.swap + position.owed;
    let margin = 0;
    for (const symbol of new Set(this.positions.map(({ symbol: of }) => of))) margin += this.margin(symbol);
    const { balance } = this;
    const equity = cents(balance + profit);
    margin = cents(margin);
    return {
      balance,
      profit: cents(profit),
      equity,
      margin,
      freeMargin: cents(equity - margin),
      marginLevel: margin === 0 ? 0 : cents((equity / margin) * 100),
    };
  }

  /** Margin of a symbol's positions; of hedged volume only the larger side counts. */
  margin(symbol: number, more?: { side: Side; lots: number }): number {
    const sides = { Buy: 0, Sell: 0 };
    for (const position of this.positions)
      if (position.symbol === symbol) sides[position.side] += position.margin;
    if (more === undefined) return Math.max(sides.Buy, sides.Sell);
    const added = this.money.margin(
      symbol,
      more.lots,
      this.price(symbol, this.openPoints(symbol, more.side)),
    );
    if (this.netting) return Math.abs(sides[more.side] + added - sides[opposite(more.side)]);
    return Math.max(sides[more.side] + added, sides[opposite(more.side)]);
  }

  /** True when the free margin covers another fill and its commission. */
  canAfford(symbol: number, side: Side, lots: number): boolean {
    const needed = this.margin(symbol, { side, lots }) - this.margin(symbol);
    return needed <= 0 || this.figures().freeMargin + commissionOf(lots) >= needed;
  }

  #open(order: Fill, ticket: bigint, price: number, utcMs: number): Deal {
    const { symbol, side, lots, magic, comment, stopLoss, takeProfit } = order;
    const commission = commissionOf(lots);
    const position: Position = {
      ticket,
      symbol,
      side,
      lots,
      openPrice: price,
      openUtcMs: utcMs,
      magic,
      comment,
      stopLoss,
      takeProfit,
      swap: 0,
      owed: 0,
      margin: this.money.margin(symbol, lots, price),
      trip: begun(lots, price),
    };
    this.positions.push(position);
    this.#watch(symbol, 1);
    return this.#enter(position, { ticket, side, lots, price, commission, magic, comment }, utcMs);
  }

  #add(held: Position, order: Fill, ticket: bigint, price: number, utcMs: number): Deal {
    const { side, lots, magic, comment, symbol } = order;
    held.openPrice = inPrice((held.openPrice * held.lots + price * lots) / (held.lots + lots));
    held.lots = inLots(held.lots + lots);
    held.margin += this.money.margin(symbol, lots, price);
    held.trip.entered.lots = inLots(held.trip.entered.lots + lots);
    held.trip.entered.value += lots * price;
    held.stopLoss = order.stopLoss || held.stopLoss;
    held.takeProfit = order.takeProfit || held.takeProfit;
    return this.#enter(
      held,
      { ticket, side, lots, price, commission: commissionOf(lots), magic, comment },
      utcMs,
    );
  }

  #enter(
    position: Position,
    leg: Pick<Fill, 'side' | 'lots' | 'magic' | 'comment'> & {
      ticket: bigint;
      price: number;
      commission: number;
    },
    utcMs: number,
  ): Deal {
    const later = this.platform === 'mt4';
    if (later) position.owed = cents(position.owed + leg.commission);
    else position.trip.commission += leg.commission;
    return this.#deal({
      order: leg.ticket,
      position: position.ticket,
      symbol: position.symbol,
      type: leg.side,
      entry: 'In',
      volume: leg.lots,
      price: leg.price,
      profit: 0,
      swap: 0,
      commission: later ? 0 : leg.commission,
      magic: leg.magic,
      comment: leg.comment,
      utcMs,
    });
  }

  #leave(position: Position, lots: number, ticket: bigint, price: number, utcMs: number): Deal {
    const { ticket: id, symbol, side, magic, comment } = position;
    const paid = this.#settle(position, lots, price);
    const deal = this.#deal({
      order: ticket,
      position: id,
      symbol,
      type: opposite(side),
      entry: 'Out',
      volume: lots,
      price,
      ...paid,
      // On MT5 the closing leg has neither.
      ...(this.platform === 'mt4' ? { magic, comment } : { magic: 0n, comment: '' }),
      utcMs,
    });
    if (position.lots === 0) {
      this.#finish(position, utcMs);
      this.positions.splice(this.positions.indexOf(position), 1);
      this.#watch(symbol, -1);
    } else if (this.platform === 'mt4') {
      this.#finish(position, utcMs);
      // The rest continues under a new ticket.
      position.ticket = this.nextTicket();
      position.comment = `from #${id}`;
      position.trip = begun(position.lots, position.openPrice);
    }
    return deal;
  }

  /** Reverses a position: one deal closes it and opens the other side. */
  #turn(held: Position, order: Fill, ticket: bigint, price: number, utcMs: number): Deal {
    const { side, lots, magic, comment, symbol } = order;
    const rest = inLots(lots - held.lots);
    const paid = this.#settle(held, held.lots, price);
    this.#finish(held, utcMs);
    const commission = commissionOf(rest);
    Object.assign(held, {
      side,
      lots: rest,
      openPrice: price,
      openUtcMs: utcMs,
      magic,
      comment,
      stopLoss: order.stopLoss,
      takeProfit: order.takeProfit,
      margin: this.money.margin(symbol, rest, price),
      trip: { ...begun(rest, price), commission },
    } satisfies Partial<Position>);
    return this.#deal({
      order: ticket,
      position: held.ticket,
      symbol,
      type: side,
      entry: 'InOut',
      volume: lots,
      price,
      ...paid,
      commission: cents(paid.commission + commission),
      magic,
      comment,
      utcMs,
    });
  }

  /** Removes `lots` from a position and returns their profit and costs. */
  #settle(
    position: Position,
    lots: number,
    price: number,
  ): { profit: number; swap: number; commission: number } {
    const { symbol, side, openPrice: open, trip } = position;
    const part = (of: number): number => (lots === position.lots ? of : cents((of * lots) / position.lots));
    const profit = this.money.profit(symbol, { side, lots, open, close: price });
    const swap = part(position.swap);
    const owed = part(position.owed);
    const commission = cents(commissionOf(lots) + owed);
    const left = inLots(position.lots - lots);
    position.margin *= left / position.lots;
    position.swap = cents(position.swap - swap);
    position.owed = cents(position.owed - owed);
    position.lots = left;
    trip.left.lots = inLots(trip.left.lots + lots);
    trip.left.value += lots * price;
    trip.profit += profit;
    trip.swap += swap;
    trip.commission += commission;
    return { profit, swap, commission };
  }

  /** Adds the closed round trip to the history. */
  #finish({ ticket, symbol, side, openUtcMs, magic, comment, trip }: Position, utcMs: number): void {
    const { entered, left } = trip;
    this.closed.push({
      ticket,
      symbol,
      side,
      lots: left.lots,
      openPrice: inPrice(entered.value / entered.lots),
      openUtcMs,
      closePrice: inPrice(left.value / left.lots),
      closeUtcMs: utcMs,
      profit: cents(trip.profit),
      swap: cents(trip.swap),
      commission: cents(trip.commission),
      magic,
      comment,
    });
  }

  #deal(deal: Omit<Deal, 'deal'>): Deal {
    const made = { ...deal, deal: this.#nextDeal++ };
    this.deals.push(made);
    this.adjust(made.profit + made.swap + made.commission);
    return made;
  }

  #watch(symbol: number, by: 1 | -1): void {
    this.watched[symbol] = (this.watched[symbol] as number) + by;
    this.version++;
  }
}

const begun = (lots: number, price: number): Position['trip'] => ({
  entered: { lots, value: lots * price },
  left: { lots: 0, value: 0 },
  profit: 0,
  swap: 0,
  commission: 0,
});

/** True for a volume that the broker accepts. */
export function isVolume(lots: number): boolean {
  const steps = lots / VOLUME.step;
  return lots >= VOLUME.min && lots <= VOLUME.max && Math.abs(steps - Math.round(steps)) < 1e-6;
}
