// The routes of an account's terminal, as data: addresses, parameters and answers. The REST client (rest/terminal.ts) and every OpenAPI
// document are built from this table. `@fxtape/fxsocket-trading` calls the trading routes.

import { z } from 'zod';
import {
  wireAccountInfo,
  wireAccountSummary,
  wireClosedPosition,
  wireDeal,
  wireMarginAnswer,
  wireOpenedOrder,
  wireProfitAnswer,
} from '../wire/account.ts';
import {
  timeframes,
  wirePriceBar,
  wireQuote,
  wireQuoteTick,
  wireSymbolInfo,
  wireSymbols,
} from '../wire/market.ts';
import { wireHealth, wireServerTimezone, wireStatus } from '../wire/terminal.ts';
import {
  operations,
  wireCloseAll,
  wireCloseAllResult,
  wireOrderClose,
  wireOrderModify,
  wireOrderResult,
  wireOrderSend,
} from '../wire/trading.ts';
import { openRoute, readRoute, tradeRoute } from './route.ts';

const symbol = z.string().min(1).describe('As the broker spells it');
const BOUND = 'Broker time, YYYY-MM-DDTHH:MM:SS without a zone, or YYYY-MM-DD';
const bound = z.string().min(1).describe(BOUND);
const bySymbol = z.object({ symbol });
const openBound = bound.optional().describe(BOUND);
const range = z.object({ from: openBound, to: openBound });
const operation = z.enum(operations);
const price = z.number().positive();
const volume = z.number().positive().describe('Lots');

export const readingRoutes = {
  status: readRoute({
    path: '/status',
    summary: 'Health of terminal, broker, account and bridge',
    answer: wireStatus,
  }),
  healthz: readRoute({
    path: '/healthz',
    summary: 'Ready: 200, else 503 with the same body',
    answer: wireHealth,
    alsoAt: [503],
  }),
  livez: readRoute({
    path: '/livez',
    summary: 'Alive: 200, else 503 with the same body',
    answer: wireHealth,
    alsoAt: [503],
  }),
  serverTimezone: readRoute({
    path: '/ServerTimezone',
    summary: "Today's offset of the broker's clock",
    answer: wireServerTimezone,
  }),
  symbols: readRoute({ path: '/symbols', summary: 'What the broker lists', answer: wireSymbols }),
  symbolInfo: readRoute({
    path: '/SymbolInfo',
    summary: 'Contract, sessions and commissions of a symbol',
    query: bySymbol,
    answer: wireSymbolInfo,
  }),
  quote: readRoute({
    path: '/getQuote',
    summary: 'The last quote of a symbol',
    query: bySymbol,
    answer: wireQuote,
  }),
  priceHistory: readRoute({
    path: '/PriceHistory',
    summary: 'Bars, oldest first',
    query: z.object({ symbol, timeframe: z.enum(timeframes), ...range.shape }),
    answer: z.array(wirePriceBar),
  }),
  quoteTicks: readRoute({
    path: '/QuoteTicks',
    summary: 'Ticks, oldest first',
    query: z.object({ symbol, from: bound, to: bound }),
    answer: z.array(wireQuoteTick),
    optional: true,
  }),
  orderHistory: readRoute({
    path: '/OrderHistory',
    summary: 'Deals',
    query: range,
    answer: z.array(wireDeal),
  }),
  positionHistory: readRoute({
    path: '/PositionHistory',
    summary: 'Closed round trips',
    query: range,
    answer: z.array(wireClosedPosition),
  }),
  openedOrders: readRoute({
    path: '/OpenedOrders',
    summary: 'Open positions and pending orders',
    answer: z.array(wireOpenedOrder),
  }),
  accountSummary: readRoute({
    path: '/AccountSummary',
    summary: 'Balance, equity and margin',
    answer: wireAccountSummary,
  }),
  accountInfo: readRoute({
    path: '/AccountInfo',
    summary: 'Login, server, company, currency and conditions of the account',
    answer: wireAccountInfo,
  }),
  orderCalcMargin: readRoute({
    path: '/OrderCalcMargin',
    summary: 'The margin that a position would need',
    query: z.object({ symbol, operation, volume, price }),
    answer: wireMarginAnswer,
  }),
  orderCalcProfit: readRoute({
    path: '/OrderCalcProfit',
    summary: 'The profit that a round trip would make',
    query: z.object({ symbol, operation, volume, priceOpen: price, priceClose: price }),
    answer: wireProfitAnswer,
  }),
};

/** Served without a key. */
export const openRoutes = {
  openApi: openRoute({
    path: '/api-doc/openapi.json',
    summary: 'This document',
    answer: z.record(z.string(), z.unknown()),
  }),
  swaggerUi: openRoute({
    path: '/swagger-ui/',
    summary: 'This document, as an interactive page',
    answer: null,
    page: true,
  }),
  root: openRoute({ path: '/', summary: 'A page that describes this server', answer: null, page: true }),
};

export const tradingRoutes = {
  orderSend: tradeRoute({
    path: '/OrderSend',
    summary:
      'Opens a position or places a pending order. Not repeatable: if the answer is lost, the outcome is unknown',
    body: wireOrderSend,
    answer: wireOrderResult,
  }),
  orderModify: tradeRoute({
    path: '/OrderModify',
    summary: 'Changes levels of a position or a pending order. Repeatable',
    body: wireOrderModify,
    answer: wireOrderResult,
  }),
  orderClose: tradeRoute({
    path: '/OrderClose',
    summary: 'Closes a position, whole or in part, or deletes a pending order',
    body: wireOrderClose,
    answer: wireOrderResult,
  }),
  closeAll: tradeRoute({
    path: '/CloseAll',
    summary: 'Closes everything that matches. After a 504 the terminal may still be closing',
    body: wireCloseAll,
    answer: wireCloseAllResult,
  }),
};

/** Every REST route of a terminal, by operation id. */
export const terminalRoutes = { ...readingRoutes, ...tradingRoutes, ...openRoutes };
