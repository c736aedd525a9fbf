// Executes trading requests: send, modify, close, close all. In: a well-formed request and the time. Out: the changed account, or a retcode that says why
// not. A request is executed completely or not at all, unless a fault fills it in part.

import { isVolume, type TradingBook } from './book.ts';
import { inLots } from './money.ts';
import type { PriceEvents } from './price-events.ts';
import { type OrderTerms, type PendingOrder, type PendingType, type Position, sideOf } from './records.ts';
import { RETCODE, type Retcode } from './retcode.ts';
import { MOST_PENDING_ORDERS, VOLUME } from './terms.ts';

export interface SendRequest {
  readonly symbol: number;
  readonly type: 'Buy' | 'Sell' | PendingType;
  readonly lots: number;
  /** Of a pending order. */
  readonly price?: number | undefined;
  readonly stopLimitPrice?: number | undefined;
  /** 0 or absent: none. */
  readonly stopLoss?: number | undefined;
  readonly takeProfit?: number | undefined;
  /** Of a pending order; null or absent: until it is cancelled. */
  readonly expiresUtcMs?: number | null | undefined;
  readonly magic: bigint;
  readonly comment: string;
  /** How much worse than the quote the price may be, points; default 10. */
  readonly slippage?: number | undefined;
}

/** Absent: unchanged; 0: removed. */
export interface ModifyRequest {
  readonly stopLoss?: number | undefined;
  readonly takeProfit?: number | undefined;
  readonly price?: number | undefined;
  readonly stopLimitPrice?: number | undefined;
  readonly expiresUtcMs?: number | undefined;
}

export interface DeskReply {
  readonly retcode: Retcode;
  readonly deal: bigint;
  readonly order: bigint;
  readonly volume: number;
  readonly price: number;
  /** Number of the symbol; −1 when the request named none. */
  readonly symbol: number;
}

export interface ClosedTicket {
  readonly ticket: bigint;
  readonly kind: 'position' | 'pending';
  readonly retcode: Retcode;
}

/** The conditions of an execution. */
export interface Execution {
  /** How far the price has moved against the client since the quote, points. */
  readonly movedPoints: number;
  /** The share of the volume that is filled, (0, 1]. */
  readonly share: number;
}

/** What the desk needs from the broker. */
export interface BrokerDoor {
  /** The conditions of the next order, which this call counts. */
  execution(): Execution;
  /** Whether the terminal is linked to the broker. */
  isConnected(): boolean;
  isOpen(symbol: number, utcMs: number): boolean;
}

/** Default slippage, points. */
const SLIPPAGE = 10;

const refusal = (retcode: Retcode, symbol: number, order = 0n): DeskReply => ({
  retcode,
  deal: 0n,
  order,
  volume: 0,
  price: 0,
  symbol,
});

export class OrderDesk {
  readonly #book: TradingBook;
  readonly #events: PriceEvents;
  readonly #broker: BrokerDoor;

  constructor(book: TradingBook, events: PriceEvents, broker: BrokerDoor) {
    this.#book = book;
    this.#events = events;
    this.#broker = broker;
  }

  send(request: SendRequest, utcMs: number): DeskReply {
    this.#events.time(utcMs);
    const { symbol, type, lots } = request;
    const side = sideOf(type);
    const pending = type === 'Buy' || type === 'Sell' ? null : this.#pending(request, type, utcMs);
    const terms = this.#terms(request);
    const wrong =
      this.#refused(request, utcMs) ??
      (typeof pending === 'number' ? pending : null) ??
      (terms === null ? RETCODE.invalidStops : null) ??
      this.#wrongLevels(terms as OrderTerms, typeof pending === 'object' ? pending : null);
    if (wrong !== null) return refusal(wrong, symbol);
    if (typeof pending === 'object' && pending !== null) {
      const ticket = this.#book.nextTicket();
      const order = { ...(terms as OrderTerms), ...pending, ticket };
      this.#book.place(order);
      const price = this.#book.price(symbol, order.price);
      return { retcode: RETCODE.placed, deal: 0n, order: ticket, volume: lots, price, symbol };
    }
    if (!this.#book.canAfford(symbol, side, lots)) return refusal(RETCODE.noMoney, symbol);
    return this.#execute(request, lots, (part, worse) =>
      this.#book.fill({ ...(terms as OrderTerms), lots: part, ticket: null }, utcMs, worse),
    );
  }

  /** Null when the ticket never existed. */
  modify(ticket: bigint, request: ModifyRequest, utcMs: number): DeskReply | null {
    this.#events.time(utcMs);
    if (!this.#broker.isConnected()) return this.#unheard(ticket);
    const position = this.#position(ticket);
    if (position !== undefined) return this.#modifyPosition(position, request, utcMs);
    const order = this.#order(ticket);
    if (order !== undefined) return this.#modifyOrder(order, request, utcMs);
    return this.#gone(ticket);
  }

  /** `lots` 0 closes all of it. Null when the ticket never existed. */
  close(ticket: bigint, lots: number, utcMs: number, slippage?: number): DeskReply | null {
    this.#events.time(utcMs);
    if (!this.#broker.isConnected()) return this.#unheard(ticket);
    const position = this.#position(ticket);
    if (position === undefined) {
      const order = this.#order(ticket);
      if (order === undefined) return this.#gone(ticket);
      this.#book.remove(order);
      return { ...refusal(RETCODE.done, order.symbol, ticket), volume: order.lots };
    }
    const { symbol } = position;
    if (lots > position.lots) return refusal(RETCODE.invalidCloseVolume, symbol, ticket);
    if (lots !== 0 && !isVolume(lots)) return refusal(RETCODE.invalidVolume, symbol, ticket);
    if (!this.#broker.isOpen(symbol, utcMs)) return refusal(RETCODE.marketClosed, symbol, ticket);
    const wanted = lots === 0 ? position.lots : inLots(lots);
    return this.#execute({ symbol, slippage }, wanted, (part, worse) =>
      this.#book.close(position, part, utcMs, worse),
    );
  }

  /** One pass over the matching tickets; positions that open meanwhile are not included. */
  closeAll(
    filter: { symbol?: number | undefined; magic?: bigint | undefined; deletePending: boolean },
    utcMs: number,
  ): ClosedTicket[] {
    this.#events.time(utcMs);
    const fits = (one: { symbol: number; magic: bigint }): boolean =>
      (filter.symbol === undefined || one.symbol === filter.symbol) &&
      (filter.magic === undefined || one.magic === filter.magic);
    const tickets = [
      ...this.#book.positions.filter(fits).map(({ ticket }) => ({ ticket, kind: 'position' as const })),
      ...(filter.deletePending ? this.#book.pendings.filter(fits) : []).map(({ ticket }) => ({
        ticket,
        kind: 'pending' as const,
      })),
    ];
    return tickets.map((one) => ({
      ...one,
      retcode: this.close(one.ticket, 0, utcMs)?.retcode ?? RETCODE.positionClosed,
    }));
  }

  #modifyPosition(position: Position, request: ModifyRequest, utcMs: number): DeskReply {
    const { symbol, ticket } = position;
    const terms = this.#terms({ ...request, symbol, lots: position.lots, type: position.side }, position);
    if (terms === null) return refusal(RETCODE.invalidStops, symbol, ticket);
    const { stopLoss, takeProfit } = terms;
    if (stopLoss === position.stopLoss && takeProfit === position.takeProfit)
      return refusal(RETCODE.noChanges, symbol, ticket);
    if (!this.#broker.isOpen(symbol, utcMs)) return refusal(RETCODE.marketClosed, symbol, ticket);
    const wrong = this.#wrongLevels(terms, null);
    if (wrong !== null) return refusal(wrong, symbol, ticket);
    position.stopLoss = stopLoss;
    position.takeProfit = takeProfit;
    this.#book.version++;
    return { ...refusal(RETCODE.done, symbol, ticket), volume: position.lots, price: position.openPrice };
  }

  #modifyOrder(order: PendingOrder, request: ModifyRequest, utcMs: number): DeskReply {
    const { symbol, ticket, type, lots, magic, comment } = order;
    const kept = (points: number): number => this.#book.price(symbol, points);
    const changed = {
      symbol,
      type,
      lots,
      magic,
      comment,
      price: request.price ?? kept(order.price),
      stopLimitPrice: request.stopLimitPrice ?? kept(order.stopLimit),
      expiresUtcMs: request.expiresUtcMs ?? order.expiresUtcMs,
    };
    const pending = this.#pending(changed, type, utcMs);
    if (typeof pending === 'number') return refusal(pending, symbol, ticket);
    const terms = this.#terms({ ...request, symbol, lots, type }, order);
    if (terms === null) return refusal(RETCODE.invalidStops, symbol, ticket);
    const { stopLoss, takeProfit } = terms;
    const { price, stopLimit, expiresUtcMs } = pending;
    const after = { price, stopLimit, expiresUtcMs, stopLoss, takeProfit };
    const same = (Object.keys(after) as (keyof typeof after)[]).every(
      (field) => order[field] === after[field],
    );
    if (same) return refusal(RETCODE.noChanges, symbol, ticket);
    if (!this.#broker.isOpen(symbol, utcMs)) return refusal(RETCODE.marketClosed, symbol, ticket);
    const wrong = this.#wrongLevels(terms, pending);
    if (wrong !== null) return refusal(wrong, symbol, ticket);
    Object.assign(order, after);
    this.#book.version++;
    return { ...refusal(RETCODE.done, symbol, ticket), volume: lots, price: kept(price) };
  }

  /** The refusal of a new order before its prices are checked; null when there is none. */
  #refused({ symbol, lots, type }: SendRequest, utcMs: number): Retcode | null {
    const book = this.#book;
    if (!this.#broker.isConnected()) return RETCODE.noConnection;
    if (!isVolume(lots)) return RETCODE.invalidVolume;
    if (Number.isNaN(book.openPoints(symbol, 'Buy'))) return RETCODE.priceOff;
    if (!book.money.canTrade(symbol)) return RETCODE.tradeDisabled;
    if (!this.#broker.isOpen(symbol, utcMs)) return RETCODE.marketClosed;
    const isPending = type !== 'Buy' && type !== 'Sell';
    return isPending && book.pendings.length >= MOST_PENDING_ORDERS ? RETCODE.limitOrders : null;
  }

  /** The fields of a pending order, or its refusal. */
  #pending(request: SendRequest, type: PendingType, utcMs: number) {
    const book = this.#book;
    const { symbol, expiresUtcMs = null } = request;
    const price = this.#points(symbol, request.price ?? 0);
    const isStopLimit = type.endsWith('StopLimit');
    const stopLimit = isStopLimit ? this.#points(symbol, request.stopLimitPrice ?? 0) : 0;
    if (price === null || price <= 0 || stopLimit === null) return RETCODE.invalidPrice;
    const side = sideOf(type);
    const sign = side === 'Buy' ? 1 : -1;
    // Above zero: beyond the market in the direction of the order.
    const beyond = (price - book.openPoints(symbol, side)) * sign;
    const isLimit = type === 'BuyLimit' || type === 'SellLimit';
    if (isLimit ? beyond >= 0 : beyond <= 0) return RETCODE.invalidPrice;
    if (isStopLimit && (stopLimit <= 0 || (price - stopLimit) * sign < 0)) return RETCODE.invalidPrice;
    if (expiresUtcMs !== null && expiresUtcMs <= utcMs) return RETCODE.invalidExpiration;
    return { type, price, stopLimit, expiresUtcMs, placedUtcMs: utcMs };
  }

  /** Levels in points; omitted ones come from `kept`. Null when a level is not on the price grid. */
  #terms(
    request: Pick<SendRequest, 'symbol' | 'lots' | 'type' | 'stopLoss' | 'takeProfit'> &
      Partial<Pick<SendRequest, 'magic' | 'comment'>>,
    kept: { stopLoss: number; takeProfit: number } = { stopLoss: 0, takeProfit: 0 },
  ): OrderTerms | null {
    const { symbol, lots, type, magic = 0n, comment = '' } = request;
    const level = (given: number | undefined, old: number): number | null =>
      given === undefined ? old : this.#points(symbol, given);
    const stopLoss = level(request.stopLoss, kept.stopLoss);
    const takeProfit = level(request.takeProfit, kept.takeProfit);
    if (stopLoss === null || takeProfit === null) return null;
    return { symbol, side: sideOf(type), lots: inLots(lots), stopLoss, takeProfit, magic, comment };
  }

  /** True when the stop is on the losing side of the current closing price and the target on the other. */
  #wrongLevels(
    { symbol, side, stopLoss, takeProfit }: OrderTerms,
    pending: { type: PendingType; price: number; stopLimit: number } | null,
  ): Retcode | null {
    const at =
      pending === null
        ? this.#book.closePoints(symbol, side)
        : pending.type.endsWith('StopLimit')
          ? pending.stopLimit
          : pending.price;
    const sign = side === 'Buy' ? 1 : -1;
    const wrong =
      (stopLoss !== 0 && (at - stopLoss) * sign <= 0) || (takeProfit !== 0 && (takeProfit - at) * sign <= 0);
    return wrong ? RETCODE.invalidStops : null;
  }

  /** The price in points; null when it is not on the symbol's grid. */
  #points(symbol: number, price: number): number | null {
    const exact = price * 10 ** this.#book.spec(symbol).digits;
    const points = Math.round(exact);
    return Math.abs(exact - points) < 1e-4 && points < 2 ** 31 ? points : null;
  }

  /** Executes at the current price, if the slippage allows it, as much as can be filled. */
  #execute(
    { symbol, slippage = SLIPPAGE }: Pick<SendRequest, 'symbol' | 'slippage'>,
    lots: number,
    deal: (part: number, worse: number) => Omit<DeskReply, 'retcode'>,
  ): DeskReply {
    const { movedPoints, share } = this.#broker.execution();
    if (movedPoints > slippage) return refusal(RETCODE.requote, symbol);
    const part = Math.max(VOLUME.min, inLots(Math.floor((lots * share) / VOLUME.step + 1e-6) * VOLUME.step));
    const { deal: number, order, price, volume } = deal(part, movedPoints);
    const retcode = part < lots ? RETCODE.donePartial : RETCODE.done;
    return { retcode, deal: number, order, volume, price, symbol };
  }

  #position(ticket: bigint): Position | undefined {
    return this.#book.positions.find((one) => one.ticket === ticket);
  }

  #order(ticket: bigint): PendingOrder | undefined {
    return this.#book.pendings.find((one) => one.ticket === ticket);
  }

  #unheard(ticket: bigint): DeskReply | null {
    const symbol = (this.#position(ticket) ?? this.#order(ticket))?.symbol;
    return symbol === undefined ? null : refusal(RETCODE.noConnection, symbol, ticket);
  }

  #gone(ticket: bigint): DeskReply | null {
    const closed = this.#book.closed.find((one) => one.ticket === ticket);
    return closed === undefined ? null : refusal(RETCODE.positionClosed, closed.symbol, ticket);
  }
}
