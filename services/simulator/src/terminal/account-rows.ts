// The account's rows as sent: summary, open positions and orders, deals and closed positions. In: the book, the history and the broker's clock. Out: rows
// with the gateway's field names, whose figures agree with the deals. On MT4 the history has a row per closed order, with all its costs, instead of a
// row per deal.

import type { BrokerClock } from '../prices/broker-clock.ts';
import type { AccountSpec } from '../scenario.ts';
import type { TradingBook } from '../trading/book.ts';
import { cents, type Side } from '../trading/money.ts';
import type { ClosedPosition, Deal, PendingOrder, Position } from '../trading/records.ts';
import { MARGIN_CALL_LEVEL, MOST_PENDING_ORDERS, STOP_OUT_LEVEL } from '../trading/terms.ts';
import type { TradeHistory } from './trade-history.ts';

/** Broker wall clocks lie within 16 hours of UTC. */
const WIDEST_OFFSET_MS = 16 * 3_600_000;

type Row = Record<string, unknown>;

export class AccountRows {
  readonly #spec: AccountSpec;
  readonly #book: TradingBook;
  readonly #history: TradeHistory;
  readonly #clock: () => BrokerClock;

  constructor(
    spec: AccountSpec,
    options: { book: TradingBook; history: TradeHistory; clock: () => BrokerClock },
  ) {
    this.#spec = spec;
    this.#book = options.book;
    this.#history = options.history;
    this.#clock = options.clock;
  }

  summary(): Row {
    const { balance, ...figures } = this.#book.figures();
    return {
      balance,
      credit: 0,
      ...figures,
      leverage: this.#spec.leverage,
      currency: 'USD',
      type: 'Demo',
    };
  }

  info(): Row {
    return {
      name: this.#spec.holder,
      login: this.#spec.login,
      server: this.#spec.server,
      company: this.#spec.company,
      currency: 'USD',
      currencyDigits: 2,
      leverage: this.#spec.leverage,
      type: 'Demo',
      marginMode: this.#book.netting ? 'Netting' : 'Hedging',
      marginSoMode: 'Percent',
      marginCallLevel: MARGIN_CALL_LEVEL,
      stopOutLevel: STOP_OUT_LEVEL,
      tradeAllowed: true,
      tradeExpert: true,
      limitOrders: MOST_PENDING_ORDERS,
      fifoClose: false,
    };
  }

  /** Positions, then pending orders. */
  opened(): Row[] {
    return [
      ...this.#book.positions.map((position) => this.#position(position)),
      ...this.#book.pendings.map((order) => this.#pending(order)),
    ];
  }

  /** Rows of `/OrderHistory` with a broker time in [from, to], oldest first. */
  async orderHistory(fromBrokerMs: number, toBrokerMs: number): Promise<Row[]> {
    await this.#history.ready();
    const [from, to] = [fromBrokerMs - WIDEST_OFFSET_MS, toBrokerMs + WIDEST_OFFSET_MS];
    const deals = this.#history
      .deals(from, to)
      .filter((deal) => this.#within(deal.utcMs, fromBrokerMs, toBrokerMs));
    if (this.#book.platform === 'mt5') return deals.map((deal) => this.deal(deal));
    const orders = this.#history
      .closed(from, to)
      .filter((closed) => this.#within(closed.closeUtcMs, fromBrokerMs, toBrokerMs));
    const rows = [
      ...deals
        .filter(({ type }) => type === 'Balance')
        .map((deal) => ({ utcMs: deal.utcMs, row: this.deal(deal) })),
      ...orders.map((closed) => ({ utcMs: closed.closeUtcMs, row: this.#closedOrder(closed) })),
    ];
    return rows.toSorted((a, b) => a.utcMs - b.utcMs).map(({ row }) => row);
  }

  /** Round trips closed in [from, to] of broker time, by the time of closing. */
  async closedPositions(fromBrokerMs: number, toBrokerMs: number): Promise<Row[]> {
    await this.#history.ready();
    return this.#history
      .closed(fromBrokerMs - WIDEST_OFFSET_MS, toBrokerMs + WIDEST_OFFSET_MS)
      .filter((closed) => this.#within(closed.closeUtcMs, fromBrokerMs, toBrokerMs))
      .map((closed) => this.closedPosition(closed));
  }

  /** A row of MT5's `/OrderHistory`. */
  deal({ deal, ...rest }: Deal): Row {
    const { position, ...row } = this.#dealRow(rest);
    return { ticket: deal, ...row, ...(this.#spec.oldBridge ? {} : { position }) };
  }

  /** A row of `/PositionHistory`. */
  closedPosition(closed: ClosedPosition): Row {
    const { ticket, profit, swap, commission } = closed;
    return {
      positionId: ticket,
      symbol: this.#symbol(closed.symbol),
      type: closed.side,
      volume: closed.lots,
      openTime: this.#clock().text(closed.openUtcMs),
      openPrice: closed.openPrice,
      closeTime: this.#clock().text(closed.closeUtcMs),
      closePrice: closed.closePrice,
      profit,
      swap,
      commission,
      netProfit: cents(profit + swap + commission),
      magic: closed.magic,
      comment: closed.comment,
    };
  }

  /** The `trade` frame of a deal. A degraded one lacks entry and costs; on MT4 none is degraded. */
  trade(deal: Deal, degraded: boolean): Row {
    const isMt4 = this.#book.platform === 'mt4';
    const unknown = degraded && !isMt4;
    const row: Row = { deal: isMt4 ? 0n : deal.deal, ...this.#dealRow(deal), degraded: unknown };
    if (this.#spec.oldBridge) {
      const { commission: _commission, swap: _swap, magic: _magic, degraded: _degraded, ...without } = row;
      return without;
    }
    return unknown
      ? { ...row, entry: 'Unknown', profit: 0, commission: 0, swap: 0, magic: 0, comment: '' }
      : row;
  }

  /** The price at which a side would open now; 0 without a quote. */
  quoted(symbol: number, side: Side): number {
    const points = this.#book.openPoints(symbol, side);
    return Number.isNaN(points) ? 0 : this.#book.price(symbol, points);
  }

  /** A row of MT4's `/OrderHistory`. */
  #closedOrder(closed: ClosedPosition): Row {
    const { ticket, profit, swap, commission } = closed;
    return {
      ticket,
      order: ticket,
      position: ticket,
      symbol: this.#symbol(closed.symbol),
      type: closed.side,
      entry: 'Out',
      volume: closed.lots,
      price: closed.closePrice,
      profit,
      commission,
      swap,
      magic: closed.magic,
      comment: closed.comment,
      time: this.#clock().text(closed.closeUtcMs),
    };
  }

  #dealRow(deal: Omit<Deal, 'deal'>): Row {
    return {
      order: deal.order,
      position: deal.position,
      symbol: deal.symbol === -1 ? '' : this.#symbol(deal.symbol),
      type: deal.type,
      entry: deal.entry,
      volume: deal.volume,
      price: deal.price,
      profit: deal.profit,
      commission: deal.commission,
      swap: deal.swap,
      magic: deal.magic,
      comment: deal.comment,
      time: this.#clock().text(deal.utcMs),
    };
  }

  #position(position: Position): Row {
    const { symbol } = position;
    const { price, profit } = this.#book.floating(position);
    return {
      ticket: position.ticket,
      symbol: this.#symbol(symbol),
      type: position.side,
      kind: 'Position',
      lots: position.lots,
      openPrice: position.openPrice,
      currentPrice: price,
      stopLoss: this.#book.price(symbol, position.stopLoss),
      takeProfit: this.#book.price(symbol, position.takeProfit),
      swap: position.swap,
      profit,
      magic: position.magic,
      comment: position.comment,
      openTime: this.#clock().text(position.openUtcMs),
    };
  }

  #pending(order: PendingOrder): Row {
    const { symbol } = order;
    const price = (points: number): number => this.#book.price(symbol, points);
    return {
      ticket: order.ticket,
      symbol: this.#symbol(symbol),
      type: order.type,
      kind: 'Pending',
      lots: order.lots,
      openPrice: price(order.price),
      currentPrice: price(this.#book.openPoints(symbol, order.side)),
      stopLoss: price(order.stopLoss),
      takeProfit: price(order.takeProfit),
      swap: 0,
      profit: 0,
      magic: order.magic,
      comment: order.comment,
      openTime: this.#clock().text(order.placedUtcMs),
    };
  }

  #within(utcMs: number, fromBrokerMs: number, toBrokerMs: number): boolean {
    const broker = this.#clock().brokerMs(utcMs);
    return broker >= fromBrokerMs && broker <= toBrokerMs;
  }

  #symbol(index: number): string {
    return this.#book.spec(index).name;
  }
}
