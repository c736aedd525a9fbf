// Every reading route against a real server: the address and parameters that go out, and the answers of the reference that come in.
import { afterEach, expect, test } from 'vitest';
import { FxSocketError, FxSocketManagement, FxSocketRest, readingRoutes } from '../index.ts';
import { closeServers, serve } from '../../testing/http-server.ts';

afterEach(closeServers);
const KEY = 'fxs_ro_secret';

const health = { status: 'starting', terminal: true, broker: true, account: false };
/** Bodies as the vendor's own fixtures spell them. */
const BODIES: Record<keyof typeof readingRoutes, string> = {
  status:
    '{"status":"ready","terminal":{"alive":true,"build":5836,"pingMs":108},"broker":{"connected":true,"server":"VTMarkets-Demo"},"account":{"loggedIn":true,"login":1150125,"currency":"USD","type":"Demo","tradeAllowed":true},"bridge":{"version":"0.14.0","tradeEaReady":true,"tradeEaHeartbeatAgeMs":8,"symbolsSynced":true},"serverTime":"2026-06-22T16:53:56.000Z"}',
  healthz: JSON.stringify(health),
  livez: JSON.stringify(health),
  serverTimezone: '{"serverTime":"2026-06-22T18:00:00Z","utcOffsetSeconds":7200}',
  symbols: '["EURUSD","XAUUSD"]',
  symbolInfo:
    '{"symbol":"EURUSD","description":"Euro vs US Dollar","digits":5,"point":0.00001,"tickSize":0.00001,"tickValue":1.0,"contractSize":100000.0,"volumeMin":0.01,"volumeMax":500.0,"volumeStep":0.01,"stopsLevel":0,"freezeLevel":0,"spread":15,"tradeMode":"Full","swapLong":-2.5,"swapShort":-2.3,"bid":1.0849,"ask":1.0851,"currencyBase":"EUR","currencyProfit":"USD","currencyMargin":"USD","commissions":[{"currency":"USD","rangeMode":"SYMBOL_COMMISSION_RANGE_VOLUME","tiers":[{"mode":"SYMBOL_COMMISSION_MONEY_DEPOSIT","value":3.5,"rangeTo":1000000.0,"new":1}]}],"sessions":[{"day":"FRIDAY","from":"00:01","to":"23:57"}]}',
  quote: '{"symbol":"EURUSD","bid":1.0849,"ask":1.0851,"time":"2026-06-22T16:53:56Z","last":0.0,"volume":0}',
  priceHistory:
    '[{"time":"2026-06-22T16:45:00.000Z","open":1.08,"high":1.09,"low":1.07,"close":1.085,"tickVolume":512,"realVolume":0,"spread":12}]',
  quoteTicks:
    '[{"time":"2026-06-22T16:53:56.728Z","timeMsc":1782147236728,"bid":1.0849,"ask":1.0851,"last":0.0,"volume":0}]',
  orderHistory:
    '[{"ticket":9007199254740993,"order":13173527,"position":13173524,"symbol":"EURUSD","type":"Sell","entry":"Out","volume":0.01,"price":1.16635,"profit":-0.02,"commission":-0.04,"swap":0.0,"magic":0,"comment":"","time":"2026-08-19T18:53:47.000Z"}]',
  positionHistory:
    '[{"positionId":5,"symbol":"EURUSD","type":"Buy","volume":0.1,"openTime":"2026-06-22T15:00:00Z","openPrice":1.08,"closeTime":"2026-06-22T16:00:00Z","closePrice":1.085,"profit":5.0,"swap":0.0,"commission":-1.0,"netProfit":4.0,"magic":0,"comment":""}]',
  openedOrders:
    '[{"ticket":1,"symbol":"EURUSD","type":"Buy","kind":"Position","lots":0.1,"openPrice":1.08,"currentPrice":1.085,"stopLoss":0.0,"takeProfit":0.0,"swap":0.0,"profit":5.0,"magic":18446744073709551615,"comment":"","openTime":"2026-06-22T15:30:00Z"}]',
  accountSummary:
    '{"balance":100000.0,"credit":0.0,"profit":12.5,"equity":100012.5,"margin":500.0,"freeMargin":99512.5,"marginLevel":2002.5,"leverage":200,"currency":"USD","type":"Demo"}',
  accountInfo:
    '{"name":"Jane","login":1150125,"server":"VTMarkets-Demo","company":"VT","currency":"USD","currencyDigits":2,"leverage":200,"type":"Demo","marginMode":"Hedging","marginSoMode":"Percent","marginCallLevel":100.0,"stopOutLevel":50.0,"tradeAllowed":true,"tradeExpert":true,"limitOrders":200,"fifoClose":false}',
  orderCalcMargin:
    '{"symbol":"EURUSD","operation":"Buy","volume":1.0,"price":1.08,"margin":540.0,"currency":"USD"}',
  orderCalcProfit:
    '{"symbol":"EURUSD","operation":"Buy","volume":1.0,"priceOpen":1.08,"priceClose":1.09,"profit":1000.0,"currency":"USD"}',
};

const gateway = () =>
  serve(({ line }, response) => {
    const path = line.split(/[ ?]/)[1];
    const found = Object.entries(readingRoutes).find(([, route]) => route.path === path);
    if (found === undefined) response.writeHead(404).end('Not Found');
    else response.writeHead(200).end(BODIES[found[0] as keyof typeof BODIES]);
  });

const calls: Record<keyof typeof readingRoutes, (rest: FxSocketRest) => Promise<unknown>> = {
  status: (rest) => rest.status(),
  healthz: (rest) => rest.healthz(),
  livez: (rest) => rest.livez(),
  serverTimezone: (rest) => rest.serverTimezone(),
  symbols: (rest) => rest.symbols(),
  symbolInfo: (rest) => rest.symbolInfo('EURUSD'),
  quote: (rest) => rest.quote('EURUSD'),
  priceHistory: (rest) => rest.priceHistory({ symbol: 'EURUSD', timeframe: 'M15', from: '2026-06-22' }),
  quoteTicks: (rest) => rest.quoteTicks({ symbol: 'EURUSD', from: '2026-06-22', to: '2026-06-23' }),
  orderHistory: (rest) => rest.orderHistory({ from: '2026-06-22' }),
  positionHistory: (rest) => rest.positionHistory(),
  openedOrders: (rest) => rest.openedOrders(),
  accountSummary: (rest) => rest.accountSummary(),
  accountInfo: (rest) => rest.accountInfo(),
  orderCalcMargin: (rest) =>
    rest.orderCalcMargin({ symbol: 'EURUSD', operation: 'Buy', volume: 1, price: 1.08 }),
  orderCalcProfit: (rest) =>
    rest.orderCalcProfit({
      symbol: 'EURUSD',
      operation: 'Buy',
      volume: 1,
      priceOpen: 1.08,
      priceClose: 1.09,
    }),
};

test('every reading route is asked as the reference says, and its answer comes whole', async () => {
  const { asked, baseUrl } = await gateway();
  const rest = new FxSocketRest({ baseUrl, apiKey: KEY });
  for (const [name, call] of Object.entries(calls)) {
    const answer = await call(rest);
    const sent = JSON.parse(BODIES[name as keyof typeof BODIES]) as unknown;
    const listed = typeof answer === 'object' && answer !== null && 'rows' in answer;
    if (listed) expect(answer, name).toMatchObject({ rejected: [] });
    // Beyond 2^53 JSON.parse rounds and the client does not: those digits are looked at below.
    const rows = listed ? (answer as { rows: unknown }).rows : answer;
    const rounded = JSON.parse(
      JSON.stringify(rows, (_key, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)),
    ) as unknown;
    expect(rounded, name).toEqual(sent);
  }
  expect(asked.map(({ line }) => line)).toMatchInlineSnapshot(`
    [
      "GET /status",
      "GET /healthz",
      "GET /livez",
      "GET /ServerTimezone",
      "GET /symbols",
      "GET /SymbolInfo?symbol=EURUSD",
      "GET /getQuote?symbol=EURUSD",
      "GET /PriceHistory?symbol=EURUSD&timeframe=M15&from=2026-06-22",
      "GET /QuoteTicks?symbol=EURUSD&from=2026-06-22&to=2026-06-23",
      "GET /OrderHistory?from=2026-06-22",
      "GET /PositionHistory",
      "GET /OpenedOrders",
      "GET /AccountSummary",
      "GET /AccountInfo",
      "GET /OrderCalcMargin?symbol=EURUSD&operation=Buy&volume=1&price=1.08",
      "GET /OrderCalcProfit?symbol=EURUSD&operation=Buy&volume=1&priceOpen=1.08&priceClose=1.09",
    ]
  `);
  await rest.close();
});

test('tickets and magic numbers keep all their digits', async () => {
  const { baseUrl } = await gateway();
  const rest = new FxSocketRest({ baseUrl, apiKey: KEY });
  expect((await rest.orderHistory()).rows[0]?.ticket).toBe(9007199254740993n);
  expect((await rest.openedOrders())[0]?.magic).toBe(18446744073709551615n);
  await rest.close();
});

test('a probe that says no is an answer; a page of a proxy with the same status is an error', async () => {
  let body = JSON.stringify(health);
  const { asked, baseUrl } = await serve((_asked, response) => response.writeHead(503).end(body));
  const rest = new FxSocketRest({ baseUrl, apiKey: KEY, random: () => 0 });
  expect(await rest.healthz()).toEqual(health);
  expect(await rest.livez()).toEqual(health);
  expect(asked.length).toBe(2);
  for (body of ['<html><title>Unavailable</title>', '{"error":"MRPC","message":"starting"}']) {
    await expect(rest.healthz()).rejects.toMatchObject({ code: 'FXSOCKET_NOT_READY', status: 503 });
  }
  await expect(rest.status({ retry: 'none' })).rejects.toMatchObject({ code: 'FXSOCKET_NOT_READY' });
  await rest.close();
});

test("what the gateway tells beside its message is in the error, with the gateway's own code and a hint", async () => {
  const { baseUrl } = await serve((_asked, response) =>
    response
      .writeHead(402)
      .end('{"error":"account_cap_reached","detail":"Too many accounts.","cap":3,"current":3,"more":[1]}'),
  );
  const management = new FxSocketManagement({ baseUrl, apiKey: KEY });
  const error: unknown = await management.account('a/b').catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(FxSocketError);
  expect(error).toMatchObject({
    code: 'FXSOCKET_PAYMENT_REQUIRED',
    kind: 'terminal',
    serverCode: 'account_cap_reached',
    hint: 'Check the billing of the FxSocket account',
    message: '/accounts/a%2Fb answered HTTP 402: account_cap_reached: Too many accounts.',
    context: { fields: { cap: 3, current: 3 } },
  });
  await management.close();
});

test('old bridges and MT4 tell less: nothing of that is an error', async () => {
  const bodies: Record<string, string> = {
    '/status':
      '{"status":"ready","terminal":{"alive":true},"broker":{"connected":true},"account":{"loggedIn":true}}',
    '/SymbolInfo': '{"symbol":"EURUSD","digits":5,"point":0.00001}',
    '/OrderHistory':
      '[{"ticket":1,"order":1,"position":0,"symbol":"EURUSD","type":"Sell","volume":0.01,"price":1.1,"time":"2026-08-19T18:53:47Z"}]',
    '/AccountSummary': '{"balance":0,"equity":0,"news":{"a":1}}',
  };
  const { baseUrl } = await serve(({ line }, response) =>
    response.end(bodies[line.split(/[ ?]/)[1] as string]),
  );
  const rest = new FxSocketRest({ baseUrl, apiKey: KEY });
  expect((await rest.status()).bridge).toBeUndefined();
  expect((await rest.symbolInfo('EURUSD')).commissions).toBeUndefined();
  expect(await rest.orderHistory()).toMatchObject({ rows: [{ ticket: 1, position: 0 }], rejected: [] });
  expect(await rest.accountSummary()).toEqual({ balance: 0, equity: 0 });
  await rest.close();
});
