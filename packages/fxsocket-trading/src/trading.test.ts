// Orders against a real server: what goes out, what an answer means, and above all that a lost answer is called unknown and never sent again.
import { afterEach, expect, test } from 'vitest';
import { FxSocketTrading, FxSocketTradingError, type OrderSendRequest } from './index.ts';
import { type Asked, closeGateways, gateway } from '../testing/gateway.ts';

afterEach(closeGateways);
const KEY = 'fxs_live_secret';

const DONE = {
  success: true,
  outcome: 'applied',
  retcode: 10009,
  retcodeDescription: 'Request completed',
  deal: 211438760,
  order: 211438761,
  volume: 0.1,
  price: 1.15333,
  bid: 1.15325,
  ask: 1.15333,
  comment: '',
};
const buy: OrderSendRequest = {
  symbol: 'EURUSD',
  operation: 'Buy',
  volume: 0.1,
  comment: 'run 7/3',
  expertId: 42,
};

const open = async (answer: Parameters<typeof gateway>[0]) => {
  const { asked, port } = await gateway(answer);
  return { asked, port, trading: new FxSocketTrading({ baseUrl: `http://127.0.0.1:${port}`, apiKey: KEY }) };
};
const failure = async (call: Promise<unknown>): Promise<FxSocketTradingError> => {
  const error: unknown = await call.then(
    () => new Error('it answered'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(FxSocketTradingError);
  return error as FxSocketTradingError;
};
const sentBody = ({ body }: Asked): unknown => JSON.parse(body);

test('each order goes out once, with the words of the gateway and all digits', async () => {
  const { asked, trading } = await open((response, { line }) =>
    response.end(
      line.endsWith('CloseAll')
        ? '{"requested":1,"closed":1,"failed":0,"results":[{"ticket":9007199254740993,"kind":"position","success":true,"retcode":10009,"retcodeDescription":"Done"}]}'
        : JSON.stringify(DONE).replace('211438761', '9007199254740995'),
    ),
  );
  expect(await trading.orderSend(buy)).toMatchObject({
    outcome: 'applied',
    retcode: 10009,
    retcodeName: 'DONE',
    order: 9007199254740995n,
    deal: 211438760,
  });
  await trading.orderSend({
    symbol: 'EURUSD',
    operation: 'SellStopLimit',
    volume: 1,
    price: 1.05,
    stopLimitPrice: 1.06,
    expiration: '2026-12-01',
  });
  await trading.orderModify({ ticket: 9007199254740993n, clearStopLoss: true });
  await trading.orderModify({ ticket: 8, takeProfit: 1.3, clearStopLoss: true, clearTakeProfit: false });
  await trading.orderClose({ ticket: 5, volume: 0.05, slippage: 20 });
  expect(await trading.closeAll({})).toMatchObject({ closed: 1, results: [{ ticket: 9007199254740993n }] });
  await trading.closeAll({ magic: 0, deletePending: false });
  expect(asked.map(({ line, body }) => `${line} ${body}`)).toEqual([
    'POST /OrderSend {"symbol":"EURUSD","operation":"Buy","volume":0.1,"comment":"run 7/3","expertId":42}',
    'POST /OrderSend {"symbol":"EURUSD","operation":"SellStopLimit","volume":1,"price":1.05,"stopLimitPrice":1.06,"expiration":"2026-12-01"}',
    'POST /OrderModify {"ticket":9007199254740993,"stopLoss":0}',
    'POST /OrderModify {"ticket":8,"takeProfit":1.3,"stopLoss":0}',
    'POST /OrderClose {"ticket":5,"volume":0.05,"slippage":20}',
    'POST /CloseAll {}',
    'POST /CloseAll {"magic":0,"deletePending":false}',
  ]);
  expect(asked[0]?.headers).toMatchObject({ 'x-api-key': KEY, 'content-type': 'application/json' });
  await trading.close();
});

test.for([
  [{ ...DONE }, 'applied'],
  [{ ...DONE, outcome: undefined }, 'applied'],
  [{ ...DONE, outcome: undefined, retcode: 10008, success: undefined }, 'applied'],
  [{ ...DONE, outcome: undefined, retcode: 10010, success: false }, 'partial'],
  [{ ...DONE, outcome: undefined, retcode: 10025, success: false }, 'no_change'],
  [{ ...DONE, outcome: 'no_change', retcode: 10025, success: false }, 'no_change'],
  [{ ...DONE, outcome: undefined, retcode: 10019, success: false }, 'rejected'],
  [{ ...DONE, outcome: 'rejected', retcode: 10019, success: false }, 'rejected'],
  [{ retcode: 10018 }, 'rejected'],
  [{ retcode: 777, success: false }, 'rejected'],
] as const)('%o is %s', async ([answer, outcome]) => {
  const { trading } = await open((response) => response.end(JSON.stringify(answer)));
  expect((await trading.orderSend(buy)).outcome).toBe(outcome);
  await trading.close();
});

test.for<[string, Parameters<typeof gateway>[0], string]>([
  ['the connection is cut', (response) => response.destroy(), 'FXSOCKET_TRUNCATED'],
  [
    'the answer is cut',
    (response) => {
      response.writeHead(200, { 'content-length': 500 }).write('{"success":');
      setImmediate(() => response.destroy());
    },
    'FXSOCKET_TRUNCATED',
  ],
  ['a page instead of an answer', (response) => response.end('<html>'), 'FXSOCKET_NOT_JSON'],
  ['an answer without retcode', (response) => response.end('{"success":true}'), 'FXSOCKET_SHAPE'],
  [
    'a word that nobody listed',
    (response) => response.end('{"outcome":"pending_review","retcode":10009}'),
    'FXSOCKET_SHAPE',
  ],
  ['a number that nobody listed', (response) => response.end('{"retcode":0}'), 'FXSOCKET_SHAPE'],
  [
    '504 of the terminal',
    (response) =>
      response
        .writeHead(504)
        .end('{"error":"MRPC_TIMEOUT","message":"TradingHelper.OrderSend timed out","command_id":19}'),
    'FXSOCKET_TERMINAL_TIMEOUT',
  ],
  ['502 of a proxy', (response) => response.writeHead(502).end('<html>'), 'FXSOCKET_GATEWAY_DOWN'],
  ['503 of a proxy', (response) => response.writeHead(503).end('<html>'), 'FXSOCKET_NOT_READY'],
  [
    '500 of the terminal',
    (response) => response.writeHead(500).end('{"error":"MRPC","message":"OrderSend failed"}'),
    'FXSOCKET_TERMINAL_FAILED',
  ],
])(
  '%s: the outcome is unknown, it is said where to look, and nothing is sent again',
  async ([, answer, why]) => {
    const { asked, trading } = await open(answer);
    const error = await failure(trading.orderSend(buy));
    expect(error).toMatchObject({
      code: 'FXSOCKET_OUTCOME_UNKNOWN',
      kind: 'terminal',
      outcome: 'unknown',
      cause: { code: why },
      findOut: {
        look: ['/OpenedOrders', '/OrderHistory'],
        by: { symbol: 'EURUSD', comment: 'run 7/3', magic: 42 },
        repeatable: false,
      },
    });
    expect(error.hint).toContain('comment "run 7/3" and magic "42"');
    expect(error.message).toContain(error.hint);
    expect(asked.length).toBe(1);
    await trading.close();
  },
);

test('no answer in time, and a caller who gives up after it was sent: unknown', async () => {
  let arrived = (): void => {};
  const { asked, trading } = await open(() => arrived());
  expect(await failure(trading.orderSend(buy, { deadlineMs: 2000 }))).toMatchObject({
    outcome: 'unknown',
    cause: { code: 'FXSOCKET_DEADLINE' },
  });
  const stop = new AbortController();
  arrived = () => stop.abort();
  expect(await failure(trading.orderSend(buy, { signal: stop.signal }))).toMatchObject({
    outcome: 'unknown',
    cause: { code: 'FXSOCKET_ABORTED' },
  });
  expect(asked.length).toBe(2);
  await trading.close();
});

test.for([
  [400, '{"error":"MRPC_VALIDATION","message":"volume"}', 'FXSOCKET_VALIDATION', 'terminal'],
  [401, '{"error":"MRPC_UNAUTHORIZED","message":"no"}', 'FXSOCKET_UNAUTHORIZED', 'terminal'],
  [403, '{"error":"read_only","message":"no"}', 'FXSOCKET_FORBIDDEN', 'terminal'],
  [404, 'Not Found', 'FXSOCKET_NOT_FOUND', 'terminal'],
  [429, '', 'FXSOCKET_RATE_LIMITED', 'transient'],
  [307, '', 'FXSOCKET_REDIRECT', 'terminal'],
  [503, '{"error":"MRPC","message":"trade EA not registered"}', 'FXSOCKET_NOT_READY', 'transient'],
  [500, '{"error":"MRPC","message":"SymbolSelect failed"}', 'FXSOCKET_TERMINAL_FAILED', 'transient'],
] as const)('HTTP %i %s: surely not applied, and not tried again', async ([status, body, code, kind]) => {
  const { asked, trading } = await open((response) =>
    response.writeHead(status, { 'retry-after': '12' }).end(body),
  );
  expect(await failure(trading.orderSend(buy))).toMatchObject({
    code,
    kind,
    status,
    retryAfterMs: 12_000,
    outcome: 'not_applied',
    findOut: null,
  });
  expect(asked.length).toBe(1);
  await trading.close();
});

test('what never left this process is surely not applied', async () => {
  const { asked, port, trading } = await open((response) => response.end(JSON.stringify(DONE)));
  const nobody = new FxSocketTrading({ baseUrl: 'http://127.0.0.1:9', apiKey: KEY });
  expect(await failure(nobody.orderSend(buy))).toMatchObject({
    code: 'FXSOCKET_UNREACHABLE',
    outcome: 'not_applied',
  });
  const noTls = new FxSocketTrading({ baseUrl: `https://127.0.0.1:${port}`, apiKey: KEY });
  expect(await failure(noTls.orderSend(buy))).toMatchObject({ outcome: 'not_applied' });
  expect(await failure(trading.orderSend(buy, { signal: AbortSignal.abort() }))).toMatchObject({
    code: 'FXSOCKET_ABORTED',
    outcome: 'not_applied',
  });
  for (const wrong of [
    { ...buy, volume: 0 },
    { ...buy, operation: 'BuyLimit' },
    { ...buy, operation: 'BuyStopLimit', price: 1 },
    { ...buy, operation: 'Hold' },
    { ...buy, lots: 1 },
    { ...buy, symbol: '' },
    { ...buy, stopLoss: 0 },
    { ...buy, takeProfit: 0 },
    { ...buy, stopLoss: Number.NaN },
  ] as unknown as OrderSendRequest[])
    expect(await failure(trading.orderSend(wrong)), JSON.stringify(wrong)).toMatchObject({
      code: 'FXSOCKET_BAD_ARGUMENT',
      outcome: 'not_applied',
    });
  for (const wrong of [
    { stopLoss: 0 },
    { takeProfit: 0 },
    { price: 0 },
    { stopLoss: -1 },
    { stopLoss: 1, clearStopLoss: true },
    { takeProfit: 1, clearTakeProfit: true },
  ])
    expect(await failure(trading.orderModify({ ticket: 7, ...wrong })), JSON.stringify(wrong)).toMatchObject({
      code: 'FXSOCKET_BAD_ARGUMENT',
      outcome: 'not_applied',
    });
  expect(await failure(trading.orderClose({ ticket: 7, volume: 0 }))).toMatchObject({
    code: 'FXSOCKET_BAD_ARGUMENT',
    message: '/OrderClose: volume: 0 would close the whole position; leave it out for that',
  });
  expect(asked).toEqual([]);
  await Promise.all([nobody.close(), noTls.close(), trading.close()]);
});

test('what may be repeated is said for each call', async () => {
  const { asked, trading } = await open((response) => response.destroy());
  const said = async (call: Promise<unknown>) => {
    const { findOut } = await failure(call);
    return [findOut?.repeatable, findOut?.by];
  };
  expect(await said(trading.orderModify({ ticket: 7n, stopLoss: 1 }))).toEqual([true, { ticket: 7n }]);
  expect(await said(trading.orderClose({ ticket: 7 }))).toEqual([true, { ticket: 7 }]);
  expect(await said(trading.orderClose({ ticket: 7, volume: 0.1 }))).toEqual([false, { ticket: 7 }]);
  expect(await said(trading.closeAll({ symbol: 'EURUSD' }))).toEqual([false, { symbol: 'EURUSD' }]);
  expect(await said(trading.orderSend({ symbol: 'EURUSD', operation: 'Buy', volume: 1 }))).toEqual([
    false,
    { symbol: 'EURUSD' },
  ]);
  expect(asked.map(sentBody).length).toBe(5);
  await trading.close();
});
