// The reading routes of one account's terminal, one to one. In: parameters as the gateway names them; times are broker time, passed on
// as they are. Out: checked answers; lists of history row by row, broken rows aside (answer.ts). Errors: FxSocketError.

import type { z } from 'zod';
import { openRoutes, readingRoutes as routes } from '../api/terminal-routes.ts';
import { badArgument } from '../options.ts';
import { checkedBound } from '../wire/broker-time.ts';
import type { WireClosedPosition, WireDeal, WireOpenedOrder } from '../wire/account.ts';
import {
  isPlainBar,
  isPlainTick,
  timeframes,
  type WirePriceBar,
  type WireQuote,
  type WireQuoteTick,
  type WireTimeframe,
} from '../wire/market.ts';
import type { WireServerTimezone, WireStatus } from '../wire/terminal.ts';
import {
  type AnswerForm,
  type ListAnswer,
  listAnswer,
  recordAnswer,
  wholeAnswer,
  wholeList,
} from './answer.ts';
import { type BarsOptions, type BarSource, type BarsQuery, readBars } from './bar-pages.ts';
import { Caller, type CallOptions } from './call.ts';
import type { CallerOptions } from './transport.ts';

/**
 * Bounds in broker time without a zone: `YYYY-MM-DDTHH:MM:SS`, or `YYYY-MM-DD`. With a `Z` they are refused, because the gateway would not read
 * them as UTC: `asBound` takes the `Z` off a time that it gave, `toBrokerTime` converts an instant.
 */
export type BrokerRange = z.input<typeof routes.orderHistory.query>;

/** Bounds as in `BrokerRange`. */
export type PriceHistoryQuery = z.input<typeof routes.priceHistory.query>;
/** Bounds as in `BrokerRange`. */
export type QuoteTicksQuery = z.input<typeof routes.quoteTicks.query>;
export type MarginQuery = z.input<typeof routes.orderCalcMargin.query>;
export type ProfitQuery = z.input<typeof routes.orderCalcProfit.query>;

const bars = listAnswer({
  row: routes.priceHistory.answer.element,
  isPlain: isPlainBar,
  identifiers: false,
});
const ticks = listAnswer({ row: routes.quoteTicks.answer.element, isPlain: isPlainTick, identifiers: false });
const deals = listAnswer({ row: routes.orderHistory.answer.element, identifiers: true });
const closed = listAnswer({ row: routes.positionHistory.answer.element, identifiers: true });
const status = wholeAnswer(routes.status.answer);
const health = { ...wholeAnswer(routes.healthz.answer), alsoAt: routes.healthz.alsoAt };
const timezone = wholeAnswer(routes.serverTimezone.answer);
const symbols: AnswerForm<string[]> = {
  parse: JSON.parse,
  // What is no name is no symbol; the others are.
  check: (value) =>
    Array.isArray(value)
      ? { ok: true, value: value.filter((name): name is string => typeof name === 'string' && name !== '') }
      : { ok: false, where: '', why: 'not an array' },
};
const symbolInfo = recordAnswer(routes.symbolInfo.answer);
const quote = wholeAnswer(routes.quote.answer);
const orders = wholeList(routes.openedOrders.answer.element);
const summary = wholeAnswer(routes.accountSummary.answer);
const info = wholeAnswer(routes.accountInfo.answer);
const margin = wholeAnswer(routes.orderCalcMargin.answer);
const profit = wholeAnswer(routes.orderCalcProfit.answer);
const document = wholeAnswer(openRoutes.openApi.answer);

export class FxSocketRest {
  readonly #caller: Caller;

  /** `baseUrl` is the account's `rest_url`. */
  constructor(options: CallerOptions) {
    this.#caller = new Caller(options);
  }

  status(options?: CallOptions): Promise<WireStatus> {
    return this.#caller.get(routes.status.path, status, {}, options);
  }

  /** Whether the account can be used. Answered with 503 when not: that is an answer, not an error. */
  healthz(options?: CallOptions) {
    return this.#caller.get(routes.healthz.path, health, {}, options);
  }

  livez(options?: CallOptions) {
    return this.#caller.get(routes.livez.path, health, {}, options);
  }

  /** Today's offset of the broker's clock; it says nothing about another day. */
  serverTimezone(options?: CallOptions): Promise<WireServerTimezone> {
    return this.#caller.get(routes.serverTimezone.path, timezone, {}, options);
  }

  symbols(options?: CallOptions) {
    return this.#caller.get(routes.symbols.path, symbols, {}, options);
  }

  symbolInfo(symbol: string, options?: CallOptions) {
    return this.#caller.get(routes.symbolInfo.path, symbolInfo, { symbol }, options);
  }

  quote(symbol: string, options?: CallOptions): Promise<WireQuote> {
    return this.#caller.get(routes.quote.path, quote, { symbol }, options);
  }

  /** Oldest first. Always bound it: an unbounded request asks the broker for everything and ends in a time-out. */
  priceHistory(query: PriceHistoryQuery, options?: CallOptions): Promise<ListAnswer<WirePriceBar>> {
    return this.#ranged(routes.priceHistory.path, bars, query, options);
  }

  /** As many bars as there are, one by one, oldest first, `[from, to)`: in pages that the terminal can answer, none twice. */
  bars(query: BarsQuery, options?: BarsOptions): AsyncGenerator<WirePriceBar, void, undefined> {
    const source: BarSource = {
      ask: (part, call) => this.priceHistory(part, call),
      now: async (call) => (await this.serverTimezone(call)).serverTime,
    };
    return readBars(source, query, options);
  }

  /**
   * Ticks, oldest first, of bridges that have the route (`hasRoute`, else FXSOCKET_NOT_FOUND). Some take whole days only: `YYYY-MM-DD`.
   */
  quoteTicks(query: QuoteTicksQuery, options?: CallOptions): Promise<ListAnswer<WireQuoteTick>> {
    return this.#ranged(routes.quoteTicks.path, ticks, query, options);
  }

  orderHistory(range: BrokerRange = {}, options?: CallOptions): Promise<ListAnswer<WireDeal>> {
    return this.#ranged(routes.orderHistory.path, deals, range, options);
  }

  positionHistory(range: BrokerRange = {}, options?: CallOptions): Promise<ListAnswer<WireClosedPosition>> {
    return this.#ranged(routes.positionHistory.path, closed, range, options);
  }

  /** An empty answer proves nothing: it has been seen while positions were open. */
  openedOrders(options?: CallOptions): Promise<WireOpenedOrder[]> {
    return this.#caller.get(routes.openedOrders.path, orders, {}, options);
  }

  accountSummary(options?: CallOptions) {
    return this.#caller.get(routes.accountSummary.path, summary, {}, options);
  }

  accountInfo(options?: CallOptions) {
    return this.#caller.get(routes.accountInfo.path, info, {}, options);
  }

  /** What a position would need. Refused by the gateway for a symbol that the broker does not list. */
  orderCalcMargin(query: MarginQuery, options?: CallOptions) {
    return this.#caller.get(routes.orderCalcMargin.path, margin, query, options);
  }

  orderCalcProfit(query: ProfitQuery, options?: CallOptions) {
    return this.#caller.get(routes.orderCalcProfit.path, profit, query, options);
  }

  /** The account's own OpenAPI document; `hasRoute` and `routeParameters` read it. */
  openApi(options?: CallOptions) {
    return this.#caller.get(openRoutes.openApi.path, document, {}, options);
  }

  /** Takes nothing new, and ends when what is under way has its answer. A dispatcher that was given stays open. */
  close(): Promise<void> {
    return this.#caller.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #ranged<T>(
    path: string,
    form: AnswerForm<T>,
    query: BrokerRange & { readonly symbol?: string; readonly timeframe?: WireTimeframe },
    options: CallOptions | undefined,
  ): Promise<T> {
    checkedBound('from', query.from);
    checkedBound('to', query.to);
    if (query.timeframe !== undefined && !timeframes.includes(query.timeframe))
      throw badArgument(`timeframe: ${String(query.timeframe)} does not exist`);
    return this.#caller.get(path, form, { ...query }, options);
  }
}
