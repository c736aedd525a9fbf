// The reading REST routes of an account's terminal. In: path and query below the account's address. Out: answers with the gateway's fields and errors.
// Trading routes are in trading-routes.ts.

import type { AccountSpec, Scenario } from '../scenario.ts';
import { failed, notFound, ok, type RestAnswer, validation } from '../answers/envelope.ts';
import { HISTORY_ROUTES } from './history-routes.ts';
import { CALC_ROUTES } from './calc-routes.ts';
import { BRIDGE_VERSION, terminalDocument } from './open-api.ts';
import type { Route, RouteContext } from './route.ts';
import { swaggerUi } from './swagger-ui.ts';
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
  const { symbolsShort, tradeEaReady, unsynced } = terminal.conditions;
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
    bridge: {
      version: account.oldBridge ? '0.6.0' : BRIDGE_VERSION,
      tradeEaReady,
      ...(account.oldBridge ? {} : { tradeEaHeartbeatAgeMs: tradeEaReady ? 8 : -1 }),
      symbolsSynced: (symbolsShort?.synced ?? true) && unsynced === 0,
    },
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
      const { symbolsShort, unlisted } = terminal.conditions;
      const names = terminal.market.symbols.map((spec) => spec.name).slice(0, symbolsShort?.keep);
      return ok(names.filter((name) => !unlisted.includes(name)));
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
  ...CALC_ROUTES,
  ['/OpenedOrders', ({ terminal }) => ok(terminal.rows.opened())],
  ['/AccountSummary', ({ terminal }) => ok(terminal.rows.summary())],
  ['/AccountInfo', ({ terminal }) => ok(terminal.rows.info())],
]);

/** Whether this bridge has the route; not every one has `/QuoteTicks`. */
const has = (path: string, { history }: Scenario): boolean =>
  TERMINAL_ROUTES.has(path) && (path !== '/QuoteTicks' || history.quoteTicks !== 'off');

const SWAGGER_UI = '/swagger-ui/';

/** Routes that need no key. `base` is the address of the terminal's routes. */
export async function publicRoute(
  path: string,
  {
    account,
    history,
    base,
  }: {
    account: Pick<AccountSpec, 'platform' | 'server'>;
    history: Pick<Scenario['history'], 'quoteTicks'>;
    base: string;
  },
): Promise<RestAnswer | null> {
  const title = `Simulated ${account.platform.toUpperCase()} terminal`;
  if (path === '/api-doc/openapi.json') return ok(terminalDocument(account, history, base));
  if (path.startsWith(SWAGGER_UI))
    return swaggerUi(path.slice(SWAGGER_UI.length), { title, document: '../api-doc/openapi.json' });
  // The address needs a trailing slash, because the page's files are relative to it.
  if (path === SWAGGER_UI.slice(0, -1))
    return { ...notFound, status: 308, headers: { location: `${base}${SWAGGER_UI}` } };
  if (path !== '/') return null;
  const body = `<!doctype html><title>${title}</title><h1>${title}</h1><p><a href="${base}/swagger-ui/">Swagger UI</a></p>`;
  return { status: 200, body, contentType: 'text/html' };
}

export async function answerTerminal(path: string, context: RouteContext): Promise<RestAnswer> {
  if (!has(path, context.scenario)) return notFound;
  return (await TERMINAL_ROUTES.get(path)?.(context)) ?? notFound;
}
