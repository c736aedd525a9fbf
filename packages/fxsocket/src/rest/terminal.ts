// The reading routes of one account's terminal, one method each. In: parameters as the gateway names them, times in broker time. Out: checked
// answers; history lists are checked row by row (answer.ts). Every method throws FxSocketError.

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
 * Bounds in broker time without a zone: `YYYY-MM-DDTHH:MM:SS` or `YYYY-MM-DD`. A bound with a `Z` is refused, because the gateway would not
 * read it as UTC: `asBound` removes the `Z` from a gateway time, `toBrokerTime` converts an instant.
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
  // Elements that are not names are dropped.
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

  /** `baseUrl` is the account's `rest_url`. @throws FXSOCKET_ADDRESS, FXSOCKET_BAD_ARGUMENT */
  constructor(options: CallerOptions) {
    this.#caller = new Caller(options);
  }

  /** Health of terminal, broker, account and bridge; always HTTP 200. `isTerminalReady` reads it. */
  status(options?: CallOptions): Promise<WireStatus> {
    return this.#caller.get(routes.status.path, status, {}, options);
  }

  /** Whether the account can be used. When it cannot, the gateway answers 503 with the same body: an answer, not an error. */
  healthz(options?: CallOptions) {
    return this.#caller.get(routes.healthz.path, health, {}, options);
  }

  /** Whether the terminal is alive; 503 as in `healthz`. */
  livez(options?: CallOptions) {
    return this.#caller.get(routes.livez.path, health, {}, options);
  }

  /** The broker's time minus UTC today, seconds. Other days may differ: most brokers change it twice a year. */
  serverTimezone(options?: CallOptions): Promise<WireServerTimezone> {
    return this.#caller.get(routes.serverTimezone.path, timezone, {}, options);
  }

  /** The symbols that the broker lists, in its own spelling. */
  symbols(options?: CallOptions) {
    return this.#caller.get(routes.symbols.path, symbols, {}, options);
  }

  /** Contract, trading sessions and commissions of a symbol. */
  symbolInfo(symbol: string, options?: CallOptions) {
    return this.#caller.get(routes.symbolInfo.path, symbolInfo, { symbol }, options);
  }

  /** The last quote of a symbol. */
  quote(symbol: string, options?: CallOptions): Promise<WireQuote> {
    return this.#caller.get(routes.quote.path, quote, { symbol }, options);
  }

  /** Bars, oldest first. Always pass bounds: without them the terminal asks the broker for everything and times out. */
  priceHistory(query: PriceHistoryQuery, options?: CallOptions): Promise<ListAnswer<WirePriceBar>> {
    return this.#ranged(routes.priceHistory.path, bars, query, options);
  }

  /** The bars of a range of any length, one by one, oldest first, `[from, to)`, read in pages that the terminal can answer. */
  bars(query: BarsQuery, options?: BarsOptions): AsyncGenerator<WirePriceBar, void, undefined> {
    const source: BarSource = {
      ask: (part, call) => this.priceHistory(part, call),
      now: async (call) => (await this.serverTimezone(call)).serverTime,
    };
    return readBars(source, query, options);
  }

  /**
   * Ticks, oldest first. Not every bridge has the route (`hasRoute`; otherwise FXSOCKET_NOT_FOUND), and some accept only whole days
   * (`YYYY-MM-DD`).
   */
  quoteTicks(query: QuoteTicksQuery, options?: CallOptions): Promise<ListAnswer<WireQuoteTick>> {
    return this.#ranged(routes.quoteTicks.path, ticks, query, options);
  }

  /** Deals that were executed in the range. */
  orderHistory(range: BrokerRange = {}, options?: CallOptions): Promise<ListAnswer<WireDeal>> {
    return this.#ranged(routes.orderHistory.path, deals, range, options);
  }

  /** Closed round trips of the range. */
  positionHistory(range: BrokerRange = {}, options?: CallOptions): Promise<ListAnswer<WireClosedPosition>> {
    return this.#ranged(routes.positionHistory.path, closed, range, options);
  }

  /** Open positions and pending orders. An empty list proves nothing: gateways have sent one while positions were open. */
  openedOrders(options?: CallOptions): Promise<WireOpenedOrder[]> {
    return this.#caller.get(routes.openedOrders.path, orders, {}, options);
  }

  /** Balance, equity and margin, in the account's currency. */
  accountSummary(options?: CallOptions) {
    return this.#caller.get(routes.accountSummary.path, summary, {}, options);
  }

  /** Login, server, company, currency and conditions of the account. */
  accountInfo(options?: CallOptions) {
    return this.#caller.get(routes.accountInfo.path, info, {}, options);
  }

  /** The margin that a position would need, in the account's currency. The gateway refuses symbols that the broker does not list. */
  orderCalcMargin(query: MarginQuery, options?: CallOptions) {
    return this.#caller.get(routes.orderCalcMargin.path, margin, query, options);
  }

  /** The profit that a round trip would make, in the account's currency. */
  orderCalcProfit(query: ProfitQuery, options?: CallOptions) {
    return this.#caller.get(routes.orderCalcProfit.path, profit, query, options);
  }

  /** The account's own OpenAPI document, for `hasRoute`, `routeParameters` and `compareOpenApi`. */
  openApi(options?: CallOptions) {
    return this.#caller.get(openRoutes.openApi.path, document, {}, options);
  }

  /** Refuses new calls and resolves when pending ones have ended. A dispatcher from the options stays open. */
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
