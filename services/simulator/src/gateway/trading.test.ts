// Trading and linking over HTTP, and what the streams say of it: they agree with each other and with REST at every moment.

import { afterEach, describe, expect, it } from 'vitest';
import { Random } from '../prices/random.ts';
import { DEMO_ACCOUNT_ID, type ScenarioInput } from '../scenario.ts';
import type { Simulator } from '../simulator.ts';
import { fromJson } from '../socket/json.ts';
import { call, connect, get, until } from '../../testing/client.ts';
import { Gateways, OTHER_ID } from '../../testing/history.ts';

type Row = Record<string, unknown>;
const gateways = new Gateways();
afterEach(() => gateways.close());

const BASE = `/mt5/${DEMO_ACCOUNT_ID}`;
const post = async (
  sim: Simulator,
  path: string,
  body: object | string,
  key = 'fxs_live_demo',
): Promise<{ status: number; json: Row }> => {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const { status, json } = await call(sim, 'POST', path.startsWith('/v1') ? path : `${BASE}${path}`, {
    key,
    body: text,
  });
  return { status, json: json as Row };
};
const rowsOf = async (sim: Simulator, path: string): Promise<Row[]> =>
  fromJson((await get(sim, path)).text) as Row[];

describe('keys', () => {
  it('that only read are refused on every route that changes something, and reach what they reach', async () => {
    const sim = await gateways.start({
      accounts: [{ id: DEMO_ACCOUNT_ID }, { id: OTHER_ID }],
      keys: [
        { key: 'fxs_live_other', accounts: [DEMO_ACCOUNT_ID] },
        { key: 'fxs_ro_demo', readOnly: true },
      ],
      linking: { connectMs: 1 },
    });
    for (const path of ['/OrderSend', '/OrderModify', '/OrderClose', '/CloseAll'])
      expect(await post(sim, path, '{}', 'fxs_ro_demo'), path).toMatchObject({
        status: 403,
        json: { error: 'read_only', message: expect.any(String), command_id: expect.any(Number) },
      });
    for (const [method, path] of [
      ['POST', '/v1/accounts'],
      ['PATCH', `/v1/accounts/${DEMO_ACCOUNT_ID}`],
      ['DELETE', `/v1/accounts/${DEMO_ACCOUNT_ID}`],
    ] as const)
      expect(await call(sim, method, path, { key: 'fxs_ro_demo', body: '{}' }), method).toMatchObject({
        status: 403,
        json: { error: 'read_only' },
      });
    expect((await call(sim, 'GET', '/v1/accounts', { key: 'fxs_ro_demo' })).json).toHaveLength(2);

    // A full key with a scope: what it links is within it, and what is outside is not there.
    const account = { server: 'Simulated-Demo', login: 1, password: 'demo' };
    const linked = await post(sim, '/v1/accounts', account, 'fxs_live_other');
    expect(linked).toMatchObject({ status: 201, json: { status: 'connecting', login: 1 } });
    const mine = (await call(sim, 'GET', '/v1/accounts', { key: 'fxs_live_other' })).json as Row[];
    expect(mine.map(({ id }) => id)).toEqual([DEMO_ACCOUNT_ID, linked.json['id']]);
    expect((await call(sim, 'DELETE', `/v1/accounts/${OTHER_ID}`, { key: 'fxs_live_other' })).status).toBe(
      404,
    );
    expect((await get(sim, '/status', { account: OTHER_ID, key: 'fxs_live_other' })).status).toBe(401);
    expect((await call(sim, 'PUT', '/v1/accounts', { key: 'fxs_live_other' })).status).toBe(404);
  });
});

describe('an account', () => {
  it('that is linked has its own trading, streams, and is gone with its socket when unlinked', async () => {
    const sim = await gateways.start({
      source: { kind: 'market', ticksPerSecond: 200, startUtc: '2026-06-10T10:00:00Z', symbols: ['EURUSD'] },
      linking: { connectMs: 20 },
    });
    const { json } = await post(sim, '/v1/accounts', {
      server: 'Simulated-Demo',
      login: 2,
      password: 'demo',
      platform: 'mt4',
    });
    const id = String(json['id']);
    const status = async (): Promise<unknown> =>
      ((await call(sim, 'GET', `/v1/accounts/${id}`)).json as Row)['status'];
    while ((await status()) !== 'connected') await new Promise((resolve) => setTimeout(resolve, 5));
    const client = await connect(sim, id);
    await client.subscribe('prices', 'EURUSD');
    await until('ticks', () => client.liveTicks().length > 3);
    const order = JSON.stringify({ symbol: 'EURUSD', operation: 'Buy', volume: 0.1 });
    expect((await call(sim, 'POST', `/mt4/${id}/OrderSend`, { body: order })).json).toMatchObject({
      success: true,
    });
    expect(await rowsOf(sim, '/OpenedOrders')).toEqual([]);
    expect((await call(sim, 'DELETE', `/v1/accounts/${id}`)).status).toBe(204);
    expect(await until('the socket closes', () => client.closed)).toMatchObject({ code: 1001 });
    expect((await get(sim, '/status', { account: id })).status).toBe(404);
    expect((await call(sim, 'DELETE', `/v1/accounts/${id}`)).status).toBe(404);
  });
});

describe.each([
  ['hedging', { marginMode: 'Hedging' }],
  ['netting', { marginMode: 'Netting' }],
  ['MT4', { platform: 'mt4' }],
] as const)('streams replayed, %s', (_name, account) => {
  it('give the same account as REST after a thousand random orders and moves', async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const random = new Random(seed, 'orders');
    const sim = await gateways.start({
      accounts: [{ id: DEMO_ACCOUNT_ID, ...account }],
      // Nothing moves by itself, and the broker's clock stands where it is for as long as the test runs.
      source: {
        kind: 'market',
        ticksPerSecond: 0,
        speed: 0.001,
        startUtc: '2026-06-10T10:00:00Z',
        symbols: ['EURUSD', 'USDJPY'],
      },
      heartbeatMs: 60_000,
      queueFrames: null,
    });
    const client = await connect(sim);
    for (const topic of ['account', 'positions', 'trades']) await client.subscribe(topic);
    const bids: Record<string, number> = { EURUSD: 1.0852, USDJPY: 150.24 };
    const digits = (symbol: string): number => (symbol === 'USDJPY' ? 3 : 5);
    const near = (symbol: string, by: number): number =>
      Number(((bids[symbol] as number) * (1 + by * 0.002)).toFixed(digits(symbol)));
    for (let i = 0; i < 1_000; i++) {
      const symbol = random.next() < 0.5 ? 'EURUSD' : 'USDJPY';
      const what = random.next();
      if (what < 0.4) {
        bids[symbol] = near(symbol, random.normal());
        const bid = bids[symbol];
        sim.emit(symbol, [{ bid, ask: near(symbol, 0.02) }]);
        continue;
      }
      if (what < 0.8) {
        const operation = ['Buy', 'Sell', 'BuyLimit', 'SellLimit', 'BuyStop', 'SellStopLimit'][
          random.below(6)
        ];
        const price = near(symbol, random.normal());
        const stopLimitPrice = near(symbol, random.normal());
        const volume = (1 + random.below(20)) / 100;
        const stopLoss = random.next() < 0.3 ? near(symbol, operation?.startsWith('Buy') ? -3 : 3) : 0;
        await post(sim, '/OrderSend', { symbol, operation, volume, price, stopLimitPrice, stopLoss });
        continue;
      }
      const opened = await rowsOf(sim, '/OpenedOrders');
      const row = opened[random.below(Math.max(1, opened.length))];
      if (row === undefined || what > 0.99) await post(sim, '/CloseAll', { deletePending: true });
      else if (what < 0.85)
        await post(sim, '/OrderModify', { ticket: row['ticket'], takeProfit: near(symbol, 2) });
      else await post(sim, '/OrderClose', { ticket: row['ticket'], volume: random.next() < 0.5 ? 0.01 : 0 });
    }
    // Figures float between changes, and a heartbeat tells them; a last change does the same.
    await post(sim, '/OrderSend', { symbol: 'EURUSD', operation: 'Buy', volume: 0.01 });
    const [deals, opened, closed] = [
      await rowsOf(sim, '/OrderHistory'),
      await rowsOf(sim, '/OpenedOrders'),
      await rowsOf(sim, '/PositionHistory'),
    ];
    const summary = (await get(sim, '/AccountSummary')).json as Record<string, number>;
    const last = (type: string): unknown => client.of(type).at(-1)?.['data'];
    const about = `seed ${seed}`;
    await until(
      `the last positions, ${about}`,
      () => JSON.stringify(last('positions')) === JSON.stringify(opened),
    );
    await until(
      `the last figures, ${about}`,
      () => JSON.stringify(last('account')) === JSON.stringify(summary),
    );
    const trades = client.of('trade').map(({ data }) => data as Row);
    const money = (rows: readonly Row[]): number =>
      rows.reduce(
        (sum, row) => sum + Number(row['profit']) + Number(row['swap']) + Number(row['commission']),
        0,
      );
    expect(100_000 + money(trades), about).toBeCloseTo(summary['balance'] as number, 4);
    expect(100_000 + money(deals), about).toBeCloseTo(summary['balance'] as number, 4);
    expect(trades.length, about).toBeGreaterThan(150);
    if (!('platform' in account)) {
      const { degraded: _d, ...first } = trades[0] as Row;
      expect({ ...first }, about).toEqual({ ...deals[0], deal: deals[0]?.['ticket'], ticket: undefined });
      expect(
        trades.map(({ deal }) => deal),
        about,
      ).toEqual(deals.map(({ ticket }) => ticket));
    } else
      expect(
        closed.map(({ positionId }) => positionId),
        about,
      ).toEqual(deals.map(({ ticket }) => ticket));
    const signed = (rows: readonly Row[], volume: string): number =>
      rows.reduce(
        (sum, row) => sum + (row['type'] === 'Buy' ? 1 : -1) * Math.round(Number(row[volume]) * 100),
        0,
      );
    expect(signed(trades, 'volume'), about).toBe(
      signed(
        opened.filter(({ kind }) => kind === 'Position'),
        'lots',
      ),
    );
    await client.end();
  }, 180_000);
});

describe('requests that trade', () => {
  const start = (over: ScenarioInput = {}): Promise<Simulator> => gateways.start(over);

  it('keep every digit of a ticket and of a magic number, and name an operation in any spelling', async () => {
    const sim = await start({ trader: { firstTicket: '9223372036854770000' } });
    const magic = '9223372036854775807';
    const sent = await post(
      sim,
      '/OrderSend',
      `{"symbol":"EURUSD","operation":"sell limit","volume":0.1,"price":1.2,"expertId":${magic}}`,
    );
    expect(sent.json).toMatchObject({ retcode: 10008, order: 9_223_372_036_854_770_000n, deal: 0 });
    const [row] = await rowsOf(sim, '/OpenedOrders');
    expect(row).toMatchObject({ type: 'SellLimit', kind: 'Pending', magic: BigInt(magic), openPrice: 1.2 });
    const closed = await post(sim, '/OrderClose', '{"ticket":9223372036854770000}');
    expect(closed.json).toMatchObject({ success: true, retcode: 10009 });
  });

  it('are refused in the gateway’s own form when malformed, and for a symbol that nobody lists', async () => {
    const sim = await start();
    for (const body of [
      '',
      '[]',
      '{"symbol":"EURUSD"}',
      '{"symbol":"EURUSD","operation":"Hold","volume":1}',
      '{"symbol":"EURUSD","operation":"Buy","volume":0}',
      '{"symbol":"EURUSD","operation":"BuyLimit","volume":1}',
      '{"symbol":"EURUSD","operation":"BuyStopLimit","volume":1,"price":2}',
      '{"symbol":"EURUSD","operation":"BuyLimit","volume":1,"price":1,"expiration":"soon"}',
    ])
      expect(await post(sim, '/OrderSend', body), body).toMatchObject({
        status: 400,
        json: { error: 'MRPC_VALIDATION' },
      });
    expect(await post(sim, '/OrderSend', { symbol: 'NOPE', operation: 'Buy', volume: 1 })).toMatchObject({
      status: 500,
      json: { error: 'MRPC', message: 'SymbolSelect failed' },
    });
    for (const path of ['/OrderModify', '/OrderClose'])
      expect(await post(sim, path, { ticket: 1 })).toMatchObject({
        status: 400,
        json: { message: 'unknown ticket' },
      });
    expect((await post(sim, '/CloseAll', '')).status).toBe(400);
    expect((await post(sim, '/CloseAll', {})).json).toEqual({
      requested: 0,
      closed: 0,
      failed: 0,
      results: [],
    });
    expect((await call(sim, 'GET', `${BASE}/OrderSend`)).status).toBe(404);
    const large = await post(sim, '/OrderSend', `{"comment":"${'x'.repeat(1 << 20)}"}`);
    expect(large).toMatchObject({ status: 400, json: { message: 'the body is too large' } });
  });

  it('come back as "no connection" while the broker is away, and what happened at the broker meanwhile is there after', async () => {
    const sim = await start();
    const order = { symbol: 'EURUSD', operation: 'Buy', volume: 0.1, stopLoss: 1.08 };
    const { json } = await post(sim, '/OrderSend', order);
    sim.fault({ kind: 'broker_disconnect' });
    for (const [path, body] of [
      ['/OrderSend', order],
      ['/OrderModify', { ticket: json['order'], stopLoss: 0 }],
      ['/OrderClose', { ticket: json['order'] }],
    ] as const)
      expect((await post(sim, path, body)).json).toMatchObject({ success: false, retcode: 10031 });
    expect((await post(sim, '/CloseAll', {})).json).toMatchObject({ requested: 1, closed: 0, failed: 1 });
    sim.emit('EURUSD', [{ bid: 1.0795, ask: 1.0796 }]);
    sim.release();
    expect(await rowsOf(sim, '/OpenedOrders')).toEqual([]);
    expect((await rowsOf(sim, '/OrderHistory')).at(-1)).toMatchObject({ entry: 'Out', price: 1.0795 });
  });

  it('of an old bridge have no outcome, nor has anything else what came later', async () => {
    const sim = await start({ accounts: [{ id: DEMO_ACCOUNT_ID, oldBridge: true }] });
    const client = await connect(sim);
    await client.subscribe('trades');
    const { json } = await post(sim, '/OrderSend', { symbol: 'EURUSD', operation: 'Buy', volume: 0.1 });
    expect(json).toMatchObject({ success: true, retcode: 10009 });
    expect(json).not.toHaveProperty('outcome');
    const trade = await until('a trade', () => client.of('trade')[0]?.['data'] as Row | undefined);
    for (const field of ['commission', 'swap', 'magic', 'degraded']) expect(trade).not.toHaveProperty(field);
    expect((await rowsOf(sim, '/OrderHistory'))[0]).not.toHaveProperty('position');
    const info = (await get(sim, '/SymbolInfo?symbol=EURUSD')).json;
    for (const field of ['commissions', 'sessions']) expect(info).not.toHaveProperty(field);
    await client.end();
  });

  it('lose an order by its expiration in broker time, without a tick', async () => {
    const sim = await start();
    const order = {
      symbol: 'EURUSD',
      operation: 'BuyLimit',
      volume: 0.1,
      price: 1.0,
      expiration: '2026-06-10T13:30:00.123456',
    };
    expect((await post(sim, '/OrderSend', order)).json).toMatchObject({ retcode: 10008 });
    sim.setClock({ utcMs: Date.parse('2026-06-10T10:29:00Z') });
    expect(await rowsOf(sim, '/OpenedOrders')).toHaveLength(1);
    sim.setClock({ utcMs: Date.parse('2026-06-10T10:30:01Z') });
    expect(await rowsOf(sim, '/OpenedOrders')).toEqual([]);
  });
});

describe('without a key', () => {
  it('the pages and documents are there, and a page’s files beside it', async () => {
    const sim = await gateways.start({ history: { quoteTicks: 'dates_only' } });
    for (const base of [BASE, '/v1']) {
      const page = base === '/v1' ? `${base}/docs/` : `${base}/swagger-ui/`;
      const shown = await call(sim, 'GET', page, { key: null });
      expect([shown.status, shown.type]).toEqual([200, 'text/html']);
      const files = [...shown.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => String(file));
      expect(files.length).toBeGreaterThan(2);
      for (const file of files)
        expect((await call(sim, 'GET', `${page}${file}`, { key: null })).status, file).toBe(200);
      const document = /url: "([^"]+)"/.exec(shown.text)?.[1] ?? '';
      const url = new URL(document, `http://${sim.addr}${page}`);
      const { json } = await call(sim, 'GET', url.pathname, { key: null });
      expect(json).toMatchObject({ openapi: '3.1.0', servers: [{ url: `http://${sim.addr}${base}` }] });
      expect((await call(sim, 'GET', `${page}../package.json`, { key: null })).status).not.toBe(200);
      expect((await call(sim, 'GET', `${page}constructor`, { key: null })).status).toBeGreaterThan(399);
    }
    const short = await fetch(`http://${sim.addr}${BASE}/swagger-ui`, { redirect: 'manual' });
    expect([short.status, short.headers.get('location')]).toEqual([
      308,
      `http://${sim.addr}${BASE}/swagger-ui/`,
    ]);
    const { json } = await call(sim, 'GET', `${BASE}/api-doc/openapi.json`, { key: null });
    expect(JSON.stringify((json as { paths: Row }).paths['/QuoteTicks'])).toContain('"format":"date"');
  });
});

describe('a canned reply', () => {
  it('goes to the next request that fits, once, in order, whatever else the gateway would have said', async () => {
    const sim = await gateways.start();
    const inject = (body: object, key?: string): Promise<Response> =>
      fetch(`http://${sim.controlAddr}/__fx/inject`, {
        method: 'POST',
        body: JSON.stringify(body),
        ...(key === undefined ? {} : { headers: { 'X-Control-Key': key } }),
      });
    const reply = {
      method: 'post',
      path: '/OrderSend',
      status: 504,
      body: { error: 'MRPC_TIMEOUT', message: 'late' },
    };
    expect(await (await inject(reply)).json()).toEqual({ waiting: 1 });
    await inject({
      path: '/v1/accounts',
      headers: { 'Retry-After': '12', 'Content-Type': 'text/plain' },
      status: 429,
      body: 'slow',
    });
    await inject({ path: '/v1/accounts', status: 204 });
    expect((await get(sim, '/symbols')).status).toBe(200);
    const limited = await fetch(`http://${sim.addr}/v1/accounts`);
    expect([
      limited.status,
      limited.headers.get('retry-after'),
      limited.headers.get('content-type'),
      await limited.text(),
    ]).toEqual([429, '12', 'text/plain', 'slow']);
    expect((await call(sim, 'GET', '/v1/accounts')).status).toBe(204);
    expect((await call(sim, 'GET', '/v1/accounts')).status).toBe(200);
    const lost = await post(
      sim,
      '/OrderSend',
      { symbol: 'EURUSD', operation: 'Buy', volume: 1 },
      'no key at all',
    );
    expect(lost).toEqual({ status: 504, json: reply.body });
    expect(await rowsOf(sim, '/OpenedOrders')).toEqual([]);
    expect(await (await fetch(`http://${sim.controlAddr}/__fx/inject`)).json()).toEqual([]);
    expect((await inject({ path: 'no slash' })).status).toBe(400);
  });
});
