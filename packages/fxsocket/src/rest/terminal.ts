// The reading routes of one account's terminal, one to one. In: parameters as the gateway names them; times are broker time, passed on
// as they are. Out: checked answers; lists of history row by row, broken rows aside (answer.ts). Errors: FxSocketError.

import { z } from 'zod';
import {
  wireAccountInfo,
  wireAccountSummary,
  wireClosedPosition,
  wireDeal,
  wireOpenedOrder,
} from '../wire/account.ts';
import { wirePriceBar, wireQuote, wireQuoteTick, wireSymbolInfo, wireSymbols } from '../wire/market.ts';
import { isPlainBar, isPlainTick } from '../wire/plain.ts';
import { wireServerTimezone, wireStatus } from '../wire/terminal.ts';
import { listAnswer, wholeAnswer } from './answer.ts';
import { Caller, type CallerOptions, type CallOptions } from './call.ts';

/** Bounds in broker time, `YYYY-MM-DDTHH:MM:SS` without a zone. */
export interface BrokerRange {
  readonly from?: string;
  readonly to?: string;
}

const bars = listAnswer({ row: wirePriceBar, isPlain: isPlainBar, identifiers: false });
const ticks = listAnswer({ row: wireQuoteTick, isPlain: isPlainTick, identifiers: false });
const deals = listAnswer({ row: wireDeal, identifiers: true });
const closed = listAnswer({ row: wireClosedPosition, identifiers: true });
const status = wholeAnswer(wireStatus);
const timezone = wholeAnswer(wireServerTimezone);
const symbols = wholeAnswer(wireSymbols);
const symbolInfo = wholeAnswer(wireSymbolInfo);
const quote = wholeAnswer(wireQuote);
const orders = wholeAnswer(z.array(wireOpenedOrder));
const summary = wholeAnswer(wireAccountSummary);
const info = wholeAnswer(wireAccountInfo);
const document = wholeAnswer(z.record(z.string(), z.unknown()));

export class FxSocketRest {
  readonly #caller: Caller;

  /** `baseUrl` is the account's `rest_url`. */
  constructor(options: CallerOptions) {
    this.#caller = new Caller(options);
  }

  status(options?: CallOptions) {
    return this.#caller.get('/status', status, {}, options);
  }

  /** Today's offset of the broker's clock; it says nothing about another day. */
  serverTimezone(options?: CallOptions) {
    return this.#caller.get('/ServerTimezone', timezone, {}, options);
  }

  symbols(options?: CallOptions) {
    return this.#caller.get('/symbols', symbols, {}, options);
  }

  symbolInfo(symbol: string, options?: CallOptions) {
    return this.#caller.get('/SymbolInfo', symbolInfo, { symbol }, options);
  }

  quote(symbol: string, options?: CallOptions) {
    return this.#caller.get('/getQuote', quote, { symbol }, options);
  }

  /** Oldest first. Always bound it: an unbounded request asks the broker for everything and ends in a time-out. */
  priceHistory(query: BrokerRange & { symbol: string; timeframe: string }, options?: CallOptions) {
    return this.#caller.get('/PriceHistory', bars, { ...query }, options);
  }

  /**
   * Ticks, oldest first, of bridges that have the route (`hasRoute`, else FXSOCKET_NOT_FOUND). Some take whole days only: `YYYY-MM-DD`.
   */
  quoteTicks(query: { symbol: string; from: string; to: string }, options?: CallOptions) {
    return this.#caller.get('/QuoteTicks', ticks, { ...query }, options);
  }

  orderHistory(range: BrokerRange = {}, options?: CallOptions) {
    return this.#caller.get('/OrderHistory', deals, { ...range }, options);
  }

  positionHistory(range: BrokerRange = {}, options?: CallOptions) {
    return this.#caller.get('/PositionHistory', closed, { ...range }, options);
  }

  /** An empty answer proves nothing: it has been seen while positions were open. */
  openedOrders(options?: CallOptions) {
    return this.#caller.get('/OpenedOrders', orders, {}, options);
  }

  accountSummary(options?: CallOptions) {
    return this.#caller.get('/AccountSummary', summary, {}, options);
  }

  accountInfo(options?: CallOptions) {
    return this.#caller.get('/AccountInfo', info, {}, options);
  }

  /** The account's own OpenAPI document; `hasRoute` and `routeParameters` read it. */
  openApi(options?: CallOptions) {
    return this.#caller.get('/api-doc/openapi.json', document, {}, options);
  }

  close(): Promise<void> {
    return this.#caller.close();
  }
}
