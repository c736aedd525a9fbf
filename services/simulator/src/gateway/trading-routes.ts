// The trading routes of a terminal. In: account, path and body. Out: the order's result with the broker's retcode, always with 200; a 400 when the
// request is malformed or the ticket never existed.

import {
  tradingRoutes,
  type WireCloseAll,
  type WireOrderClose,
  type WireOrderModify,
  type WireOrderSend,
} from '@fxtape/fxsocket';
import type { Terminal } from '../terminal/terminal.ts';
import type { ClosedTicket, DeskReply } from '../trading/order-desk.ts';
import { isSuccess, outcomeOf, RETCODE, retcodeText } from '../trading/retcode.ts';
import { parseBrokerQuery } from './broker-time-query.ts';
import { checkedBody } from './checked-body.ts';
import { failed, ok, type RestAnswer, timedOut, unready, validation } from '../answers/envelope.ts';
import { operationOf } from './operation.ts';

type TradingRoute = (terminal: Terminal, body: string) => RestAnswer;

const routes = tradingRoutes;

const orderSend: TradingRoute = (terminal, body) => {
  const given = checkedBody<WireOrderSend>(routes.orderSend.body, body, (fields) => ({
    ...fields,
    operation: operationOf(fields['operation']),
  }));
  if (typeof given === 'string') return validation(given);
  const { operation: type, volume: lots, price, stopLimitPrice, stopLoss, takeProfit } = given;
  const isPending = type !== 'Buy' && type !== 'Sell';
  if (isPending && !((price ?? 0) > 0)) return validation(`price is required for ${type}`);
  if (type.endsWith('StopLimit') && !((stopLimitPrice ?? 0) > 0))
    return validation(`stopLimitPrice is required for ${type}`);
  const expiresUtcMs = expiry(terminal, given.expiration);
  if (typeof expiresUtcMs === 'string') return validation(expiresUtcMs);
  const symbol = terminal.symbolIndex(given.symbol);
  if (symbol === -1) return failed('SymbolSelect');
  const { comment = '', expertId = 0, slippage } = given;
  const order = { symbol, type, lots, price, stopLimitPrice, stopLoss, takeProfit, comment, slippage };
  return result(
    terminal,
    terminal.trade((desk, utcMs) => desk.send({ ...order, expiresUtcMs, magic: BigInt(expertId) }, utcMs)),
  );
};

const orderModify: TradingRoute = (terminal, body) => {
  const given = checkedBody<WireOrderModify>(routes.orderModify.body, body);
  if (typeof given === 'string') return validation(given);
  const expiresUtcMs = expiry(terminal, given.expiration);
  if (typeof expiresUtcMs === 'string') return validation(expiresUtcMs);
  const { stopLoss, takeProfit, price, stopLimitPrice } = given;
  const change = { stopLoss, takeProfit, price, stopLimitPrice, expiresUtcMs: expiresUtcMs ?? undefined };
  return result(
    terminal,
    terminal.trade((desk, utcMs) => desk.modify(BigInt(given.ticket), change, utcMs)),
  );
};

const orderClose: TradingRoute = (terminal, body) => {
  const given = checkedBody<WireOrderClose>(routes.orderClose.body, body);
  if (typeof given === 'string') return validation(given);
  return result(
    terminal,
    terminal.trade((desk, utcMs) =>
      desk.close(BigInt(given.ticket), given.volume ?? 0, utcMs, given.slippage),
    ),
  );
};

const closeAll: TradingRoute = (terminal, body) => {
  const given = checkedBody<WireCloseAll>(routes.closeAll.body, body);
  if (typeof given === 'string') return validation(given);
  const { symbol, magic, deletePending = false } = given;
  const filter = {
    symbol: symbol === undefined ? undefined : terminal.symbolIndex(symbol),
    magic: magic === undefined ? undefined : BigInt(magic),
    deletePending,
  };
  const tried = terminal.trade((desk, utcMs) => desk.closeAll(filter, utcMs));
  const closed = tried.filter(({ retcode }) => isSuccess(retcode)).length;
  return ok({
    requested: tried.length,
    closed,
    failed: tried.length - closed,
    results: tried.map(({ ticket, kind, retcode }: ClosedTicket) => ({
      ticket,
      kind,
      success: isSuccess(retcode),
      retcode,
      retcodeDescription: retcode === RETCODE.done ? 'Done' : retcodeText(retcode),
    })),
  });
};

const TRADING_ROUTES: ReadonlyMap<string, { call: string; route: TradingRoute }> = new Map([
  [routes.orderSend.path, { call: 'TradingHelper.OrderSend', route: orderSend }],
  [routes.orderModify.path, { call: 'TradingHelper.OrderModify', route: orderModify }],
  [routes.orderClose.path, { call: 'TradingHelper.OrderClose', route: orderClose }],
  [routes.closeAll.path, { call: 'TradingHelper.CloseAll', route: closeAll }],
]);

/** True for a trading path. */
export const isTrading = (path: string): boolean => TRADING_ROUTES.has(path);

/** Null for a path that is not a trading route. */
export function answerTrading(terminal: Terminal, path: string, body: string): RestAnswer | null {
  const found = TRADING_ROUTES.get(path);
  if (found === undefined) return null;
  const { conditions } = terminal;
  if (!conditions.tradeEaReady) return unready();
  const { tradeTimeouts: lost } = conditions;
  if (lost === null || lost.remaining === 0) return found.route(terminal, body);
  if (lost.remaining !== null) lost.remaining--;
  if (lost.applied) found.route(terminal, body);
  return timedOut(found.call);
}

/** Null: no expiration. A string: the error. */
function expiry(terminal: Terminal, expiration: string | undefined): number | string | null {
  if (expiration === undefined) return null;
  const brokerMs = parseBrokerQuery(expiration);
  return brokerMs === null ? 'invalid date in "expiration"' : terminal.clock().utcMs(brokerMs);
}

function result(terminal: Terminal, reply: DeskReply | null): RestAnswer {
  if (reply === null) return validation('unknown ticket');
  const { retcode, deal, order, volume, price, symbol } = reply;
  const isMt4 = terminal.account.platform === 'mt4';
  const outcome = terminal.account.oldBridge ? {} : { outcome: outcomeOf(retcode) };
  const quote = (side: 'Buy' | 'Sell'): number => terminal.rows.quoted(symbol, side);
  return ok({
    success: isSuccess(retcode),
    ...outcome,
    retcode,
    retcodeDescription: retcodeText(retcode),
    deal: isMt4 ? 0n : deal,
    order,
    volume,
    price,
    bid: quote('Sell'),
    ask: quote('Buy'),
    comment: '',
  });
}
