// The account as the wire shows it: summary, open positions, deals and closed positions. In: the trader, the market's quotes
// and the broker's clock. Out: rows with the field names of the gateway; figures always agree with the deals.

import type { BrokerClock } from '../broker/broker-clock.ts';
import type { Market } from '../broker/market.ts';
import type { SymbolSpec } from '../broker/symbols.ts';
import type { AccountSpec } from '../scenario.ts';
import type { TradeHistory } from './trade-history.ts';
import { cents, type ClosedPosition, type Deal, type Position, profitUsd, type Trader } from './trader.ts';

/** Broker wall clocks lie within 16 hours of UTC. */
const WIDEST_OFFSET_MS = 16 * 3_600_000;

export class AccountRows {
  readonly #spec: AccountSpec;
  readonly #market: Market;
  readonly #trader: Trader;
  readonly #history: TradeHistory;
  readonly #clock: () => BrokerClock;

  constructor(
    spec: AccountSpec,
    options: { market: Market; trader: Trader; history: TradeHistory; clock: () => BrokerClock },
  ) {
    this.#spec = spec;
    this.#market = options.market;
    this.#trader = options.trader;
    this.#history = options.history;
    this.#clock = options.clock;
  }

  summary(): Record<string, unknown> {
    let profit = 0;
    let margin = 0;
    for (const position of this.#trader.positions) {
      profit += this.#floating(position).profit;
      margin += this.#margin(position);
    }
    const { balance } = this.#trader;
    const equity = cents(balance + profit);
    margin = cents(margin);
    return {
      balance,
      credit: 0,
      profit: cents(profit),
      equity,
      margin,
      freeMargin: cents(equity - margin),
      marginLevel: margin === 0 ? 0 : cents((equity / margin) * 100),
      leverage: this.#spec.leverage,
      currency: 'USD',
      type: 'Demo',
    };
  }

  info(): Record<string, unknown> {
    return {
      name: this.#spec.holder,
      login: this.#spec.login,
      server: this.#spec.server,
      company: this.#spec.company,
      currency: 'USD',
      currencyDigits: 2,
      leverage: this.#spec.leverage,
      type: 'Demo',
      marginMode: 'Hedging',
      marginSoMode: 'Percent',
      marginCallLevel: 100,
      stopOutLevel: 50,
      tradeAllowed: true,
      tradeExpert: true,
      limitOrders: 200,
      fifoClose: false,
    };
  }

  openPositions(): Record<string, unknown>[] {
    return this.#trader.positions.map((position) => {
      const { price, profit } = this.#floating(position);
      return {
        ticket: position.ticket,
        symbol: this.#symbol(position.symbol).name,
        type: position.side,
        kind: 'Position',
        lots: position.lots,
        openPrice: position.openPrice,
        currentPrice: price,
        stopLoss: 0,
        takeProfit: 0,
        swap: 0,
        profit,
        magic: position.magic,
        comment: position.comment,
        openTime: this.#clock().text(position.openUtcMs),
      };
    });
  }

  /** Deals with a broker time in [from, to], oldest first. */
  async deals(fromBrokerMs: number, toBrokerMs: number): Promise<Record<string, unknown>[]> {
    await this.#history.ready();
    return this.#history
      .deals(fromBrokerMs - WIDEST_OFFSET_MS, toBrokerMs + WIDEST_OFFSET_MS)
      .filter((deal) => this.#within(deal.utcMs, fromBrokerMs, toBrokerMs))
      .map((deal) => this.deal(deal));
  }

  /** Round trips closed in [from, to] of broker time, by the time of closing. */
  async closedPositions(fromBrokerMs: number, toBrokerMs: number): Promise<Record<string, unknown>[]> {
    await this.#history.ready();
    return this.#history
      .closed(fromBrokerMs - WIDEST_OFFSET_MS, toBrokerMs + WIDEST_OFFSET_MS)
      .filter((closed) => this.#within(closed.closeUtcMs, fromBrokerMs, toBrokerMs))
      .map((closed) => this.closedPosition(closed));
  }

  /** A row of `/OrderHistory`. */
  deal({ deal, ...rest }: Deal): Record<string, unknown> {
    return { ticket: deal, ...this.#dealRow(rest) };
  }

  /** A row of `/PositionHistory`. */
  closedPosition(closed: ClosedPosition): Record<string, unknown> {
    const commission = cents(closed.commission * 2);
    return {
      positionId: closed.ticket,
      symbol: this.#symbol(closed.symbol).name,
      type: closed.side,
      volume: closed.lots,
      openTime: this.#clock().text(closed.openUtcMs),
      openPrice: closed.openPrice,
      closeTime: this.#clock().text(closed.closeUtcMs),
      closePrice: closed.closePrice,
      profit: closed.profit,
      swap: closed.swap,
      commission,
      netProfit: cents(closed.profit + closed.swap + commission),
      magic: closed.magic,
      comment: closed.comment,
    };
  }

  /** The `trade` frame of a deal. A degraded one has no entry and no costs. */
  trade(deal: Deal, degraded: boolean): Record<string, unknown> {
    const row = { deal: deal.deal, ...this.#dealRow(deal), degraded };
    return degraded ? { ...row, entry: 'Unknown', profit: 0, commission: 0, magic: 0, comment: '' } : row;
  }

  #dealRow(deal: Omit<Deal, 'deal'>): Record<string, unknown> {
    return {
      order: deal.order,
      position: deal.position,
      symbol: deal.symbol === -1 ? '' : this.#symbol(deal.symbol).name,
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

  #floating(position: Position): { price: number; profit: number } {
    const spec = this.#symbol(position.symbol);
    const tick = this.#market.tape.lastTick(position.symbol);
    const points = position.side === 'Buy' ? tick?.bid : tick?.ask;
    const price = points === undefined ? position.openPrice : points / 10 ** spec.digits;
    return { price, profit: profitUsd(spec, position.side, position.lots, position.openPrice, price) };
  }

  #margin(position: Position): number {
    const spec = this.#symbol(position.symbol);
    const usd = spec.currencyBase === 'USD' ? 1 : position.openPrice;
    return (position.lots * spec.contractSize * usd) / this.#spec.leverage;
  }

  #within(utcMs: number, fromBrokerMs: number, toBrokerMs: number): boolean {
    const broker = this.#clock().brokerMs(utcMs);
    return broker >= fromBrokerMs && broker <= toBrokerMs;
  }

  #symbol(index: number): SymbolSpec {
    return this.#market.symbols[index] as SymbolSpec;
  }
}
