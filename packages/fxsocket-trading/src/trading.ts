// Orders of one account. In: what to open, change or close, with the gateway's field names. Out: the terminal's answer; a rejection is an
// answer too (`outcome: 'rejected'`, with its retcode). An error says whether nothing was changed or the outcome is unknown. Nothing is sent
// twice.

import {
  FxSocketError,
  tradingRoutes as routes,
  type WireCloseAll,
  type WireCloseAllResult,
  type WireIdentifier,
  type WireOrderClose,
  type WireOrderModify,
  type WireOrderSend,
} from '@fxtape/fxsocket';
import { wholeAnswer } from '@fxtape/fxsocket/transport';
import { type Change, type ChangeCall, type ChangeOptions, Changer, neverSent } from './change.ts';
import { type OrderResult, readOrderResult } from './order-outcome.ts';
import { type FindOut, FxSocketTradingError } from './trading-error.ts';

type Common = Omit<WireOrderSend, 'operation' | 'price' | 'stopLimitPrice' | 'expiration'>;
type Pending = Common & { readonly price: number; readonly expiration?: string };

/** A market order, a pending order with its price, or a stop-limit order with both prices. Volumes in lots, `slippage` in points. */
export type OrderSendRequest =
  | (Common & { readonly operation: 'Buy' | 'Sell' })
  | (Pending & { readonly operation: 'BuyLimit' | 'SellLimit' | 'BuyStop' | 'SellStop' })
  | (Pending & { readonly operation: 'BuyStopLimit' | 'SellStopLimit'; readonly stopLimitPrice: number });
/** Levels and prices must be above 0. Separate flags remove a level, so that a miscalculated 0 cannot. */
export type OrderModifyRequest = WireOrderModify & {
  readonly clearStopLoss?: boolean;
  readonly clearTakeProfit?: boolean;
};
/** `volume` must be above 0; without it the whole position is closed. */
export type OrderCloseRequest = WireOrderClose;
export type CloseAllRequest = WireCloseAll;
export type CloseAllResult = WireCloseAllResult;

const DEADLINE_MS = 30_000;
/** The terminal closes many tickets one after another. */
const CLOSE_ALL_DEADLINE_MS = 120_000;

const result = wholeAnswer(routes.orderSend.answer);
const closeAllResult = wholeAnswer(routes.closeAll.answer);
const EMPTY_PROVES_NOTHING = 'an empty list proves nothing, so look again after a few seconds';

export class FxSocketTrading {
  readonly #changer: Changer;

  /** `baseUrl` is the account's `rest_url`. @throws FXSOCKET_ADDRESS, FXSOCKET_BAD_ARGUMENT */
  constructor(options: ChangeOptions) {
    this.#changer = new Changer(options);
  }

  /**
   * Opens a position or places a pending order. Give each order its own `comment` or `expertId`: only these identify it when the answer is lost.
   * @throws FxSocketTradingError
   */
  orderSend(request: OrderSendRequest, call?: ChangeCall): Promise<OrderResult> {
    const findOut = findSent(request);
    const wanting = missingPrice(request);
    if (wanting !== null) return refused(routes.orderSend, `${wanting}: must be above 0`, findOut);
    for (const level of ['stopLoss', 'takeProfit'] as const)
      if (request[level] === 0)
        return refused(routes.orderSend, `${level}: 0 means none; leave it out`, findOut);
    return this.#order(routes.orderSend, request, findOut, call);
  }

  /**
   * Changes the levels of a position or a pending order. Omitted levels stay; `clearStopLoss` and `clearTakeProfit` remove one. Repeatable.
   * @throws FxSocketTradingError
   */
  orderModify(request: OrderModifyRequest, call?: ChangeCall): Promise<OrderResult> {
    const { clearStopLoss = false, clearTakeProfit = false, ...levels } = request;
    const say = `Look at ticket ${request.ticket} in /OpenedOrders; sending the same request again is harmless`;
    const findOut: FindOut = { look: ['/OpenedOrders'], by: ticket(request), repeatable: true, say };
    for (const level of ['stopLoss', 'takeProfit', 'price', 'stopLimitPrice'] as const)
      if (levels[level] === 0) return refused(routes.orderModify, `${level}: ${zeroOf[level]}`, findOut);
    if (
      (clearStopLoss && levels.stopLoss !== undefined) ||
      (clearTakeProfit && levels.takeProfit !== undefined)
    )
      return refused(routes.orderModify, 'a level cannot be set and removed in one request', findOut);
    const body = {
      ...levels,
      ...(clearStopLoss ? { stopLoss: 0 } : {}),
      ...(clearTakeProfit ? { takeProfit: 0 } : {}),
    };
    return this.#order(routes.orderModify, body, findOut, call);
  }

  /** Closes a position, whole or `volume` lots of it, or deletes a pending order. @throws FxSocketTradingError */
  orderClose(request: OrderCloseRequest, call?: ChangeCall): Promise<OrderResult> {
    const repeatable = request.volume === undefined;
    const again = repeatable
      ? 'closing it again is harmless'
      : 'do not send it again before that: it would close another part';
    const say = `Look for ticket ${request.ticket} and its lots in /OpenedOrders, and for its exit in /OrderHistory (position); ${again}`;
    const findOut = { look: ['/OpenedOrders', '/OrderHistory'], by: ticket(request), repeatable, say };
    if (request.volume === 0)
      return refused(
        routes.orderClose,
        'volume: 0 would close the whole position; leave it out for that',
        findOut,
      );
    return this.#order(routes.orderClose, request, findOut, call);
  }

  /**
   * Closes every position that matches, with `{}` all of them; deletes pending orders only with `deletePending`. Positions that open meanwhile
   * may remain.
   * @throws FxSocketTradingError
   */
  closeAll(request: CloseAllRequest, call?: ChangeCall): Promise<CloseAllResult> {
    const { magic, symbol } = request;
    const by = { ...(symbol === undefined ? {} : { symbol }), ...(magic === undefined ? {} : { magic }) };
    const say = `Read /OpenedOrders until it no longer changes: the terminal may still be closing orders; ${EMPTY_PROVES_NOTHING}`;
    const findOut: FindOut = { look: ['/OpenedOrders'], by, repeatable: false, say };
    const change = { route: routes.closeAll, body: request, form: closeAllResult, findOut };
    return this.#changer.change({ ...change, deadlineMs: CLOSE_ALL_DEADLINE_MS }, call);
  }

  /** Refuses new calls and resolves when pending ones have ended. A dispatcher from the options stays open. */
  close(): Promise<void> {
    return this.#changer.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #order(
    route: Change<unknown>['route'],
    body: unknown,
    findOut: FindOut,
    call: ChangeCall | undefined,
  ): Promise<OrderResult> {
    const answer = await this.#changer.change(
      { route, body, form: result, findOut, deadlineMs: DEADLINE_MS },
      call,
    );
    const read = readOrderResult(answer);
    if (read !== null) return read;
    const { outcome, retcode, retcodeDescription } = answer;
    const said = `${route.path} answered without saying whether the request was executed (outcome ${outcome ?? 'none'}, retcode ${retcode} ${retcodeDescription ?? ''})`;
    const failure = new FxSocketError({ code: 'FXSOCKET_SHAPE', message: said.replace(' )', ')') });
    throw new FxSocketTradingError('unknown', failure, findOut);
  }
}

const zeroOf = {
  stopLoss: 'must be above 0; clearStopLoss removes it',
  takeProfit: 'must be above 0; clearTakeProfit removes it',
  price: 'must be above 0',
  stopLimitPrice: 'must be above 0',
};

const refused = (route: Change<unknown>['route'], why: string, findOut: FindOut): Promise<never> =>
  Promise.reject(neverSent(`${route.path}: ${why}`, findOut));

const ticket = (of: { ticket: WireIdentifier }) => ({ ticket: of.ticket });

function findSent(request: OrderSendRequest): FindOut {
  const { comment, expertId, symbol, volume } = request;
  const marks = {
    ...(comment === undefined || comment === '' ? {} : { comment }),
    ...(expertId === undefined || expertId === 0 ? {} : { magic: expertId }),
  };
  const named = Object.entries(marks).map(([name, value]) => `${name} ${JSON.stringify(String(value))}`);
  const look = ['/OpenedOrders', '/OrderHistory'];
  const how =
    named.length === 0
      ? `for ${volume} lots of ${symbol} from now; it has neither comment nor expertId, so it cannot be told apart from a similar one`
      : `for ${named.join(' and ')}`;
  const say = `Look in /OpenedOrders, then in /OrderHistory, ${how}; ${EMPTY_PROVES_NOTHING}. Do not send it again before that`;
  return { look, by: { symbol, ...marks }, repeatable: false, say };
}

/** Checks at run time what the types require of the operation. */
function missingPrice(request: OrderSendRequest): 'price' | 'stopLimitPrice' | null {
  const { operation, price = 0, stopLimitPrice = 0 } = request as WireOrderSend;
  if (operation === 'Buy' || operation === 'Sell') return null;
  if (price <= 0) return 'price';
  return operation.endsWith('StopLimit') && stopLimitPrice <= 0 ? 'stopLimitPrice' : null;
}
