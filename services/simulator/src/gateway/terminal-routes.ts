// The read-only REST routes of one account's terminal. In: path and query under the account's base. Out: an answer with the
// gateway's own fields and errors. Routes that trade are not there: 404.

import type { Scenario } from '../scenario.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { failed, notFound, ok, type RestAnswer, validation } from './envelope.ts';
import { HISTORY_ROUTES } from './history-routes.ts';
import { openApi } from './open-api.ts';
import type { Route, RouteContext } from './route.ts';
import { quote, symbolInfo } from './symbol-info.ts';

const bySymbol =
  (call: string, answer: (context: RouteContext, symbol: number) => RestAnswer): Route =>
  (context) => {
    const name = context.query.get('symbol');
    if (name === null || name === '') return validation('missing query parameter "symbol"');
    const symbol = context.terminal.symbolIndex(name);
    return symbol === -1 ? failed(call) : answer(context, symbol);
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
    serverTime: terminal.clock().text(terminal.shownUtcMs()),
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
      const utcMs = terminal.shownUtcMs();
      const utcOffsetSeconds = terminal.account.statedOffsetS ?? terminal.clock().offsetMs(utcMs) / 1000;
      const shown = new Date(utcMs + utcOffsetSeconds * 1000).toISOString();
      return ok({ serverTime: `${shown.slice(0, 19)}Z`, utcOffsetSeconds });
    },
  ],
  [
    '/symbols',
    ({ terminal }) => {
      const names = terminal.market.symbols.map((spec) => spec.name);
      return ok(names.filter((name) => !terminal.conditions.unlisted.includes(name)));
    },
  ],
  ['/SymbolInfo', bySymbol('SymbolSelect', ({ terminal }, symbol) => ok(symbolInfo(terminal, symbol)))],
  [
    '/getQuote',
    bySymbol('SymbolSelect', ({ terminal }, symbol) => {
      const tick = terminal.lastSeen(symbol);
      return tick === null ? failed('SymbolInfoTick') : ok(quote(terminal, symbol, tick));
    }),
  ],
  ...HISTORY_ROUTES,
  ['/OpenedOrders', ({ terminal }) => ok(terminal.rows.opened())],
  ['/AccountSummary', ({ terminal }) => ok(terminal.rows.summary())],
  ['/AccountInfo', ({ terminal }) => ok(terminal.rows.info())],
]);

/** A bridge without `/QuoteTicks` knows nothing of it. */
const has = (path: string, { history }: Scenario): boolean =>
  TERMINAL_ROUTES.has(path) && (path !== '/QuoteTicks' || history.quoteTicks !== 'off');

/** Routes that need no key. */
export function publicRoute(path: string, terminal: Terminal, scenario: Scenario): RestAnswer | null {
  if (path === '/api-doc/openapi.json') {
    const paths = [...TERMINAL_ROUTES.keys()].filter((one) => has(one, scenario));
    return ok(openApi(terminal.account.platform, paths));
  }
  if (path === '/' || path === '/swagger-ui/')
    return {
      status: 200,
      body: '<!doctype html><title>Simulated terminal</title>',
      contentType: 'text/html',
    };
  return null;
}

export async function answerTerminal(path: string, context: RouteContext): Promise<RestAnswer> {
  if (!has(path, context.scenario)) return notFound;
  return (await TERMINAL_ROUTES.get(path)?.(context)) ?? notFound;
}
