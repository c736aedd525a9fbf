// The reading routes of one account's terminal, one to one. In: parameters as the gateway names them; times are broker time, passed on
// as they are. Out: checked answers. Errors: FxSocketError.

import { z } from 'zod';
import {
  wireAccountInfo,
  wireAccountSummary,
  wireClosedPosition,
  wireDeal,
  wireOpenedOrder,
} from '../wire/account.ts';
import { wirePriceBar, wireQuote, wireSymbolInfo, wireSymbols } from '../wire/market.ts';
import { wireServerTimezone, wireStatus } from '../wire/terminal.ts';
import { Caller, type CallerOptions, type CallOptions } from './call.ts';

/** Bounds in broker time, `YYYY-MM-DDTHH:MM:SS` without a zone. */
export interface BrokerRange {
  readonly from?: string;
  readonly to?: string;
}

const bars = z.array(wirePriceBar);
const deals = z.array(wireDeal);
const closed = z.array(wireClosedPosition);
const orders = z.array(wireOpenedOrder);
const document = z.record(z.string(), z.unknown());

export class FxSocketRest {
  readonly #caller: Caller;

  /** `baseUrl` is the account's `rest_url`. */
  constructor(options: CallerOptions) {
    this.#caller = new Caller(options);
  }

  status(options?: CallOptions) {
    return this.#caller.get('/status', wireStatus, {}, options);
  }

  /** Today's offset of the broker's clock; it says nothing about another day. */
  serverTimezone(options?: CallOptions) {
    return this.#caller.get('/ServerTimezone', wireServerTimezone, {}, options);
  }

  symbols(options?: CallOptions) {
    return this.#caller.get('/symbols', wireSymbols, {}, options);
  }

  symbolInfo(symbol: string, options?: CallOptions) {
    return this.#caller.get('/SymbolInfo', wireSymbolInfo, { symbol }, options);
  }

  quote(symbol: string, options?: CallOptions) {
    return this.#caller.get('/getQuote', wireQuote, { symbol }, options);
  }

  /** Oldest first. Always bound it: an unbounded request asks the broker for everything and ends in a time-out. */
  priceHistory(query: BrokerRange & { symbol: string; timeframe: string }, options?: CallOptions) {
    return this.#caller.get('/PriceHistory', bars, { ...query }, options);
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
    return this.#caller.get('/AccountSummary', wireAccountSummary, {}, options);
  }

  accountInfo(options?: CallOptions) {
    return this.#caller.get('/AccountInfo', wireAccountInfo, {}, options);
  }

  /** The account's own OpenAPI document. */
  openApi(options?: CallOptions) {
    return this.#caller.get('/api-doc/openapi.json', document, {}, options);
  }

  close(): Promise<void> {
    return this.#caller.close();
  }
}
