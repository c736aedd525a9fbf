import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEMO_ACCOUNT_ID } from '../scenario.ts';
import type { Simulator } from '../simulator.ts';
import { startSimulator } from '../start-simulator.ts';
import { connect, get, socketUrl, TestClient, until } from '../../testing/client.ts';

const OTHER_ID = '11111111-2222-4333-8444-555555555555';
let simulator: Simulator;

beforeAll(async () => {
  simulator = await startSimulator({
    accounts: [
      { id: DEMO_ACCOUNT_ID },
      { id: OTHER_ID, nickname: 'other', emptyUrls: true, platform: 'mt4' },
    ],
    keys: [
      { key: 'fxs_live_demo' },
      { key: 'fxs_ro_demo', readOnly: true },
      { key: 'fxs_ro_other', readOnly: true, accounts: [OTHER_ID] },
    ],
    source: { kind: 'market', ticksPerSecond: 400, speed: 60, startUtc: '2026-06-10T09:58:30Z' },
    trader: { dealsPerHour: 600, firstTicket: '9007199254740993' },
    history: { days: 400 },
    heartbeatMs: 50,
  });
});
afterAll(() => simulator.close());

describe('other web pages', () => {
  const ask = (addr: string, path: string, headers: Record<string, string>, method = 'GET') =>
    new Promise<number | undefined>((resolve, reject) => {
      const asked = request(`http://${addr}${path}`, { headers, method }, (answer) => {
        resolve(answer.resume().statusCode);
      });
      asked.on('error', reject).end();
    });

  it('neither ask the gateway nor take its socket, on whatever name they come', async () => {
    const { addr } = simulator;
    const port = addr.split(':')[1];
    const key = { 'x-api-key': 'fxs_live_demo' };
    const origin = 'http://evil.example';
    expect(await ask(addr, '/v1/accounts', key)).toBe(200);
    expect(await ask(addr, '/v1/accounts', { ...key, origin: 'http://localhost:5173' })).toBe(200);
    expect(await ask(addr, '/v1/accounts', { ...key, origin })).toBe(401);
    expect(await ask(addr, '/v1/accounts', { ...key, host: `evil.example:${port}` })).toBe(401);
    const upgrade = { connection: 'Upgrade', upgrade: 'websocket', origin };
    const { pathname, search } = new URL(socketUrl(simulator));
    expect(await ask(addr, `${pathname}${search}`, upgrade)).toBe(401);
  });

  it('do not reach the control API, which beyond loopback asks for a key', async () => {
    const control = simulator.controlAddr ?? '';
    expect(await ask(control, '/__fx/state', {})).toBe(200);
    const port = control.split(':')[1];
    const strangers: Record<string, string>[] = [
      { host: `evil.example:${port}` },
      { origin: 'http://evil.example' },
      { origin: 'http://127.0.0.1:3000' },
      { 'sec-fetch-site': 'cross-site' },
    ];
    for (const headers of strangers) {
      expect(await ask(control, '/__fx/state', headers)).toBe(403);
      expect(await ask(control, '/__fx/pause', headers, 'POST')).toBe(403);
    }
    const beyond = { addr: '127.0.0.1:0', controlAddr: '0.0.0.0:0' };
    await expect(startSimulator({}, beyond)).rejects.toMatchObject({ code: 'API_TOKEN_REQUIRED' });
    const keyed = await startSimulator({}, { ...beyond, controlKey: 'a-key' });
    const there = keyed.controlAddr?.replace('0.0.0.0', '127.0.0.1') ?? '';
    expect(await ask(there, '/__fx/state', {})).toBe(401);
    expect(await ask(there, '/__fx/state', { 'x-control-key': 'a-kez' })).toBe(401);
    expect(await ask(there, '/__fx/state', { 'x-control-key': 'a-key' })).toBe(200);
    await keyed.close();
  });
});

describe('management', () => {
  it('lists the accounts a key reaches, with addresses that the caller can use', async () => {
    const { status, json } = await get(simulator, '/v1/accounts');
    expect(status).toBe(200);
    expect(json).toMatchObject([
      {
        id: DEMO_ACCOUNT_ID,
        platform: 'mt5',
        status: 'connected',
        rest_url: `http://${simulator.addr}/mt5/${DEMO_ACCOUNT_ID}`,
        ws_url: `ws://${simulator.addr}/mt5/${DEMO_ACCOUNT_ID}/ws`,
      },
      { id: OTHER_ID, platform: 'mt4', rest_url: '', ws_url: '' },
    ]);
    const scoped = await get(simulator, '/v1/accounts', { key: 'fxs_ro_other' });
    expect((scoped.json as { id: string }[]).map(({ id }) => id)).toEqual([OTHER_ID]);
    const hidden = await get(simulator, `/v1/accounts/${DEMO_ACCOUNT_ID}`, { key: 'fxs_ro_other' });
    expect([hidden.status, hidden.json]).toEqual([404, { detail: 'Not found.' }]);
    const refused = await get(simulator, '/v1/accounts', { key: null });
    expect([refused.status, refused.json]).toEqual([401, { detail: 'Invalid API key.' }]);
  });
});

describe('terminal routes', () => {
  it('ask for a key, and know no account or path that is not there', async () => {
    for (const key of [null, 'wrong', 'fxs_ro_other']) {
      const { status, json } = await get(simulator, '/status', { key });
      expect([status, json]).toEqual([
        401,
        {
          error: 'MRPC_UNAUTHORIZED',
          message: 'missing or invalid API key (X-API-Key header or api_key query parameter)',
        },
      ]);
    }
    const account = '99999999-2222-4333-8444-555555555555';
    expect((await get(simulator, '/status', { account })).status).toBe(404);
    const nothing = await get(simulator, '/QuoteTicks?symbol=EURUSD');
    expect([nothing.status, nothing.json]).toEqual([404, null]);
    const document = await get(simulator, '/api-doc/openapi.json', { key: null });
    expect(Object.keys((document.json as { paths: object }).paths)).toContain('/PriceHistory');
  });

  it('tell the time zone, the symbols and their facts', async () => {
    expect((await get(simulator, '/ServerTimezone')).json).toMatchObject({ utcOffsetSeconds: 10_800 });
    const symbols = (await get(simulator, '/symbols')).json as string[];
    expect(symbols).toHaveLength(33);
    const gold = (await get(simulator, '/SymbolInfo?symbol=XAUUSD')).json as Record<string, unknown>;
    expect(gold).toMatchObject({ digits: 2, point: 0.01, currencyProfit: 'USD', tradeMode: 'Full' });
    expect(gold['sessions']).toEqual(
      ['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY'].map((day) => ({
        day,
        from: '01:00',
        to: '24:00',
      })),
    );
    const bitcoin = (await get(simulator, '/SymbolInfo?symbol=BTCUSD')).json as { sessions: unknown[] };
    expect(bitcoin.sessions).toHaveLength(7);
    const quote = (await get(simulator, '/getQuote?symbol=EURUSD')).json as Record<string, unknown>;
    expect(quote).toMatchObject({ symbol: 'EURUSD', last: 0, volume: 0 });
    for (const path of ['/getQuote?symbol=NOPE', '/SymbolInfo?symbol=NOPE'])
      expect(await get(simulator, path)).toMatchObject({
        status: 500,
        json: { error: 'MRPC', message: 'SymbolSelect failed', command_id: expect.any(Number) },
      });
  });

  it('refuse what is malformed, and time out over too much', async () => {
    const history = (query: string): ReturnType<typeof get> => get(simulator, `/PriceHistory?${query}`);
    expect(await history('symbol=EURUSD&timeframe=M2')).toMatchObject({
      status: 400,
      json: { error: 'MRPC_VALIDATION' },
    });
    expect((await history('timeframe=M1')).status).toBe(400);
    expect((await history('symbol=EURUSD&timeframe=M1&from=yesterday')).status).toBe(400);
    expect((await history('symbol=EURUSD&timeframe=M1&from=2026-06-31')).status).toBe(400);
    expect(await history('symbol=NOPE&timeframe=M1')).toMatchObject({
      status: 500,
      json: { error: 'MRPC', message: 'CopyRates failed' },
    });
    expect(await history('symbol=EURUSD&timeframe=M1')).toMatchObject({
      status: 504,
      json: { error: 'MRPC_TIMEOUT', message: 'MarketInfo.PriceHistory timed out' },
    });
    expect((await history('symbol=EURUSD&timeframe=D1')).status).toBe(200);
  });
});

describe('the stream', () => {
  it('needs a key that reaches the account', async () => {
    for (const key of ['wrong', 'fxs_ro_other']) {
      const client = new TestClient(socketUrl(simulator, DEMO_ACCOUNT_ID, key));
      expect((await until('a refusal', () => client.error)).message).toContain('401');
    }
  });

  it('acknowledges, lists, and says what it cannot do', async () => {
    const client = await connect(simulator);
    expect(await client.subscribe('prices', 'EURUSD')).toEqual({
      type: 'subscribed',
      topic: 'prices',
      message: 'subscribed',
    });
    expect(await client.subscribe('prices', 'EURUSD')).toMatchObject({ message: 'already subscribed' });
    expect(await client.subscribe('bars', 'EURUSD', 'M5')).toMatchObject({
      type: 'subscribed',
      topic: 'bars',
    });
    expect(await client.subscribe('bars', 'EURUSD', 'M2')).toMatchObject({ type: 'error', topic: 'bars' });
    expect(await client.subscribe('prices', 'NOPE')).toMatchObject({ type: 'error', topic: 'prices' });
    expect(await client.subscribe('prices')).toMatchObject({ type: 'error' });
    client.request({ action: 'list' });
    const list = await until('a list', () => client.of('subscriptions')[0]);
    expect(list['data']).toEqual([
      { topic: 'prices', symbol: 'EURUSD' },
      { topic: 'bars', symbol: 'EURUSD', timeframe: 'M5' },
    ]);
    client.request({ action: 'unsubscribe', topic: 'prices', symbol: 'EURUSD' });
    await until('an answer', () => client.of('unsubscribed')[0]);
    client.request({ action: 'list' });
    expect((await until('a list', () => client.of('subscriptions')[1]))['data']).toHaveLength(1);
    await client.end();
    expect(client.closed?.code).toBe(1005);
  });

  it('sends bars as they close, and they are the bars of the history', async () => {
    const client = await connect(simulator);
    for (const timeframe of ['M1', 'M5', 'M15', 'M30', 'H1'])
      await client.subscribe('bars', 'EURUSD', timeframe);
    await client.subscribe('bars', 'BTCUSD', 'M1');
    // The end of an hour comes soon, however long the tests before took.
    const nowMs = Date.parse(simulator.state().nowUtc);
    simulator.setClock({ utcMs: Math.ceil((nowMs + 60_000) / 3_600_000) * 3_600_000 - 45_000 });
    await until(
      'a bar of each',
      () =>
        new Set(client.of('bar').map((bar) => `${String(bar['symbol'])} ${String(bar['timeframe'])}`))
          .size === 6,
      15_000,
    );
    for (const bar of client.of('bar')) {
      const data = bar['data'] as { time: string };
      const bounds = `from=${data.time}&to=${data.time}`;
      const { json } = await get(
        simulator,
        `/PriceHistory?symbol=${String(bar['symbol'])}&timeframe=${String(bar['timeframe'])}&${bounds}`,
      );
      expect(json).toEqual([data]);
    }
    await client.end();
  });

  it('has account, positions and trades that agree with each other and with REST', async () => {
    const client = await connect(simulator);
    for (const topic of ['account', 'positions', 'trades']) await client.subscribe(topic);
    await until(
      'deals of both kinds',
      () => {
        const entries = client.of('trade').map(({ data }) => (data as { entry: string }).entry);
        return entries.includes('In') && entries.filter((entry) => entry === 'Out').length > 2;
      },
      15_000,
    );
    await simulator.pause();
    // Tickets beyond 2^53 are compared as text.
    const history = (await get(simulator, '/OrderHistory')).text;
    const tickets = [...history.matchAll(/"ticket":(\d+)/g)].map((match) => match[1]);
    expect(tickets[0]).toBe('9007200254740993');
    const deals = JSON.parse(history) as Record<string, number | string>[];
    const account = (await get(simulator, '/AccountSummary')).json as Record<string, number>;
    const sum = deals.reduce(
      (total, deal) => total + Number(deal['profit']) + Number(deal['commission']),
      100_000,
    );
    expect(account['balance']).toBeCloseTo(sum, 6);
    const open = (await get(simulator, '/OpenedOrders')).json as Record<string, number>[];
    const floating = open.reduce((total, position) => total + Number(position['profit']), 0);
    expect(account['equity']).toBeCloseTo(Number(account['balance']) + floating, 6);
    const ins = deals.filter(({ entry }) => entry === 'In').length;
    const outs = deals.filter(({ entry }) => entry === 'Out');
    expect(open).toHaveLength(ins - outs.length);
    expect((await get(simulator, '/PositionHistory')).json).toHaveLength(outs.length);
    expect(outs.every(({ magic, comment }) => magic === 0 && comment === '')).toBe(true);
    await until('the last figures', () => {
      const last = client.of('account').at(-1)?.['data'] as Record<string, number> | undefined;
      return last?.['balance'] === account['balance'];
    });
    simulator.resume();
    await client.end();
  });

  it('beats even when nothing trades, with the broker’s clock', async () => {
    const client = await connect(simulator);
    await simulator.pause();
    await client.subscribe('terminal');
    const beats = await until('three heartbeats', () =>
      client.of('terminal').length >= 3 ? client.of('terminal') : null,
    );
    const data = beats.map((beat) => beat['data'] as { connected: boolean; serverTime: string });
    expect(data.every(({ connected }) => connected)).toBe(true);
    const times = data.map(({ serverTime }) => Date.parse(serverTime) - 10_800_000);
    expect(times[1]).toBeGreaterThan(times[0] as number);
    expect(Math.abs((times.at(-1) as number) - Date.parse(simulator.state().nowUtc))).toBeLessThan(60_000);
    simulator.resume();
    await client.end();
  });

  it('of a newer socket evicts the older', async () => {
    const older = await connect(simulator);
    await older.subscribe('prices', 'EURUSD');
    const newer = await connect(simulator);
    expect(await until('the older is closed', () => older.closed)).toEqual({
      code: 1000,
      reason: 'replaced by a newer connection',
    });
    await newer.subscribe('prices', 'EURUSD');
    await until('the newer has ticks', () => newer.liveTicks().length > 3);
    expect(newer.closed).toBeNull();
    const record = simulator.state().accounts[0]?.connections.at(-2);
    expect(record?.endedBy).toBe('evicted');
    await newer.end();
  });
});
