// The read-only REST routes of one account's terminal. In: path and query under the account's base. Out: an answer with the
// gateway's own fields and errors. Routes that trade, and `/QuoteTicks`, are not there: 404.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Bar } from '../history/minute-bars.ts';
import { isTimeframe, timeframeMs } from '../history/timeframe.ts';
import { barRow } from '../socket/messages.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { parseBrokerQuery } from './broker-time-query.ts';
import { failed, notFound, type RestAnswer, timedOut, validation } from './envelope.ts';
import { openApi } from './open-api.ts';
import { quote, symbolInfo } from './symbol-info.ts';

export interface RouteContext {
  readonly terminal: Terminal;
  readonly query: URLSearchParams;
  readonly historyTimeoutBars: number;
}

type Route = (context: RouteContext) => RestAnswer | Promise<RestAnswer>;

const ok = (body: unknown): RestAnswer => ({ status: 200, body });

/** [from, to] in broker milliseconds, or the sentence of a 400. */
const bounds = (query: URLSearchParams): { from: number; to: number } | string => {
  const read = (name: string, open: number): number | null => {
    const text = query.get(name);
    return text === null ? open : parseBrokerQuery(text);
  };
  const from = read('from', Number.NEGATIVE_INFINITY);
  const to = read('to', Number.POSITIVE_INFINITY);
  if (from === null || to === null) return `invalid date in "${from === null ? 'from' : 'to'}"`;
  return from > to ? '"from" is after "to"' : { from, to };
};

const bySymbol =
  (call: string, answer: (context: RouteContext, symbol: number) => RestAnswer): Route =>
  (context) => {
    const name = context.query.get('symbol');
    if (name === null || name === '') return validation('missing query parameter "symbol"');
    const symbol = context.terminal.market.indexOf(name);
    return symbol === -1 ? failed(call) : answer(context, symbol);
  };

const inBounds =
  (rows: (terminal: Terminal, from: number, to: number) => unknown): Route =>
  ({ terminal, query }) => {
    const range = bounds(query);
    return typeof range === 'string' ? validation(range) : ok(rows(terminal, range.from, range.to));
  };

const priceHistory: Route = async ({ terminal, query, historyTimeoutBars }) => {
  const name = query.get('symbol');
  const timeframe = query.get('timeframe');
  if (name === null || name === '') return validation('missing query parameter "symbol"');
  if (!isTimeframe(timeframe)) return validation(`invalid timeframe "${timeframe ?? ''}"`);
  const range = bounds(query);
  if (typeof range === 'string') return validation(range);
  const symbol = terminal.market.indexOf(name);
  const bars = terminal.market.bars[symbol];
  const spec = terminal.market.symbols[symbol];
  if (bars === undefined || spec === undefined) return failed('CopyRates');
  const now = terminal.clock().brokerMs(terminal.nowUtcMs());
  const to = Math.min(range.to, now);
  // Where no start is given, the terminal asks the broker for everything there is.
  const from = Math.max(range.from, bars.firstUtcMs - 86_400_000);
  if ((to - from) / timeframeMs(timeframe) > historyTimeoutBars) return timedOut('MarketInfo.PriceHistory');
  const steps = bars.barSteps(timeframe, from, to, terminal.clock());
  let rows: Bar[] | null = null;
  while (rows === null) {
    const step = steps.next();
    if (step.done === true) rows = step.value;
    else await nextTurn();
  }
  return ok(rows.map((bar) => barRow(bar, spec.digits)));
};

const status: Route = ({ terminal }) => {
  const { account } = terminal;
  const connected = terminal.linkUp;
  return ok({
    status: connected ? 'ready' : 'degraded',
    terminal: { alive: true, build: 5836, pingMs: connected ? 108 : -1 },
    broker: { connected, server: account.server },
    account: {
      loggedIn: connected,
      login: account.login,
      currency: connected ? 'USD' : '',
      type: connected ? 'Demo' : '',
      tradeAllowed: connected,
    },
    bridge: { version: '0.14.0', tradeEaReady: true, tradeEaHeartbeatAgeMs: 8, symbolsSynced: true },
    serverTime: terminal.clock().text(terminal.nowUtcMs()),
  });
};

const health: Route = ({ terminal }) => {
  const broker = terminal.linkUp;
  return {
    status: broker ? 200 : 503,
    body: { status: broker ? 'ready' : 'degraded', terminal: true, broker, account: broker },
  };
};

/** Path under the account's base → route. Paths are case-sensitive. */
const TERMINAL_ROUTES: ReadonlyMap<string, Route> = new Map<string, Route>([
  ['/status', status],
  ['/healthz', health],
  ['/livez', health],
  [
    '/ServerTimezone',
    ({ terminal }) => {
      const utcMs = terminal.nowUtcMs();
      return ok({
        serverTime: `${terminal.clock().text(utcMs).slice(0, 19)}Z`,
        utcOffsetSeconds: terminal.clock().offsetMs(utcMs) / 1000,
      });
    },
  ],
  ['/symbols', ({ terminal }) => ok(terminal.market.symbols.map((spec) => spec.name))],
  ['/SymbolInfo', bySymbol('SymbolSelect', ({ terminal }, symbol) => ok(symbolInfo(terminal, symbol)))],
  [
    '/getQuote',
    bySymbol('SymbolSelect', ({ terminal }, symbol) => {
      const tick = terminal.lastSeen(symbol);
      return tick === null ? failed('SymbolInfoTick') : ok(quote(terminal, symbol, tick));
    }),
  ],
  ['/PriceHistory', priceHistory],
  ['/OrderHistory', inBounds((terminal, from, to) => terminal.rows.deals(from, to))],
  ['/PositionHistory', inBounds((terminal, from, to) => terminal.rows.closedPositions(from, to))],
  ['/OpenedOrders', ({ terminal }) => ok(terminal.rows.openPositions())],
  ['/AccountSummary', ({ terminal }) => ok(terminal.rows.summary())],
  ['/AccountInfo', ({ terminal }) => ok(terminal.rows.info())],
]);

/** Routes that need no key. */
export function publicRoute(path: string, terminal: Terminal): RestAnswer | null {
  if (path === '/api-doc/openapi.json')
    return ok(openApi(terminal.account.platform, [...TERMINAL_ROUTES.keys()]));
  if (path === '/' || path === '/swagger-ui/')
    return {
      status: 200,
      body: '<!doctype html><title>Simulated terminal</title>',
      contentType: 'text/html',
    };
  return null;
}

export async function answerTerminal(path: string, context: RouteContext): Promise<RestAnswer> {
  return (await TERMINAL_ROUTES.get(path)?.(context)) ?? notFound;
}
