import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { RecordedFacts, RecordedFrame, RecordedItem } from './recording.ts';
import { type Replay, type ReplayOptions, startReplay } from './start-replay.ts';

const ID = '0f9c2d4e-6a1b-4c3d-8e5f-7a9b0c1d2e3f';
const KEY = 'fxs_ro_demo';
const NOON = Date.UTC(2026, 5, 23, 12) * 1000;
const tick = (symbol: string, i: number): string =>
  `{"type":"tick","symbol":"${symbol}","data":{"symbol":"${symbol}","bid":1.${i},"ask":1.${i + 1},"time":"2026-06-23T15:00:00.000Z"}}`;
const BEAT =
  '{"type":"terminal","data":{"connected":true,"tradeAllowed":true,"serverTime":"2026-06-23T15:00:01Z"}}';
const at = (us: number, frame: string, frameKind: RecordedFrame['frameKind'] = 'json'): RecordedFrame => ({
  tsRecv: NOON + us,
  frame,
  frameKind,
});

const FACTS: RecordedFacts = {
  account: { id: ID, nickname: 'demo', platform: 'mt5', server: 'Demo-1', login: 77, emptyUrls: false },
  identity: { company: null, currency: 'USD', leverage: 100, marginMode: 'Hedging' },
  streams: {
    symbols: ['EURUSD', 'USDJPY', 'XAUUSD'],
    quoted: new Set(['EURUSD', 'XAUUSD']),
    bars: [
      { symbol: 'EURUSD', timeframe: 'M1' },
      { symbol: 'USDJPY', timeframe: 'M1' },
    ],
    topics: new Set(['terminal', 'account']),
  },
  offsetS: () => 10_800,
  symbolInfo: async (symbol) => (symbol === 'EURUSD' ? { symbol, digits: 5, point: 0.00001 } : null),
  bars: async (_symbol, _timeframe, { nowMs }) => [{ nowMs }],
  ticks: async () => 'too_many',
  deals: async () => null,
  positions: async () => [],
};

const running: Replay[] = [];
const clients: Client[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.ws.terminate();
  for (const replay of running.splice(0)) await replay.stop();
});

async function* inBatches(items: readonly RecordedItem[], size = 3) {
  for (let i = 0; i < items.length; i += size) yield items.slice(i, i + size);
}

const damage: string[] = [];
const start = async (items: AsyncIterable<readonly RecordedItem[]>, more: Partial<ReplayOptions> = {}) => {
  damage.length = 0;
  const replay = await startReplay({
    facts: FACTS,
    items,
    fromUs: NOON,
    speed: 'max',
    settleMs: 40,
    addr: '127.0.0.1:0',
    key: KEY,
    monoMs: () => performance.now(),
    onDamage: (text) => damage.push(text),
    onError: (error) => {
      throw error;
    },
    ...more,
  });
  running.push(replay);
  return replay;
};

class Client {
  readonly ws: WebSocket;
  readonly got: (string | Buffer)[] = [];
  readonly atMs: number[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;

  constructor({ addr }: Replay, key = KEY) {
    this.ws = new WebSocket(`ws://${addr}/mt5/${ID}/ws?api_key=${key}`, { perMessageDeflate: false });
    clients.push(this);
    this.closed = new Promise((resolve) =>
      this.ws.once('close', (code, reason) => resolve({ code, reason: reason.toString() })),
    );
    this.ws.on('error', () => {});
    this.ws.on('message', (data: Buffer, binary) => {
      this.atMs.push(performance.now());
      this.got.push(binary ? data : data.toString());
    });
  }

  async subscribe(...requests: Record<string, string>[]): Promise<this> {
    if (this.ws.readyState !== this.ws.OPEN) await new Promise((resolve) => this.ws.once('open', resolve));
    for (const request of requests) this.ws.send(JSON.stringify({ action: 'subscribe', ...request }));
    return this;
  }

  /** Without answers to requests. */
  get frames(): (string | Buffer)[] {
    return this.got.filter((frame) => !/^\{"type":"(subscribed|error|subscriptions)"/.test(frame.toString()));
  }
}

const EURUSD = { topic: 'prices', symbol: 'EURUSD' };
const XAUUSD = { topic: 'prices', symbol: 'XAUUSD' };

test('subscribed frames are sent byte for byte and in order; the end is a normal close', async () => {
  const texts = [0, 1, 124, 125, 126, 127, 21_000, 22_000, 65_535, 65_536, 200_000].flatMap((bytes) => [
    'x'.repeat(bytes),
    'é'.repeat(bytes >> 1),
  ]);
  const items: RecordedItem[] = [
    at(0, tick('EURUSD', 1)),
    at(1, tick('XAUUSD', 2)),
    at(2, BEAT),
    at(3, '{"type":"subscribed","topic":"prices","message":"subscribed"}'),
    at(4, '{"type":"warning","dropped":3}'),
    at(5, '{"type":"bar","symbol":"EURUSD","timeframe":"M1","data":{}}'),
    at(6, '{ "symbol": "EURUSD", "type": "tick" }'),
    at(7, tick('GBPUSD', 3)),
    ...texts.map((text, i) => at(10 + i, text, 'text')),
    at(90, Buffer.from([0, 255, 7]).toString('base64'), 'base64'),
    at(91, tick('EURUSD', 4)),
  ];
  const replay = await start(inBatches(items));
  const client = await new Client(replay).subscribe(EURUSD, { topic: 'terminal' });
  expect(await client.closed).toEqual({ code: 1000, reason: 'the recording has ended' });
  const want = [0, 2, 4, 6].map((i) => (items[i] as RecordedFrame).frame);
  expect(client.frames).toEqual([...want, ...texts, Buffer.from([0, 255, 7]), tick('EURUSD', 4)]);
  expect(await replay.ended).toMatchObject({
    complete: true,
    frames: want.length + texts.length + 2,
    ticks: 3,
    unsent: 3,
    connections: 1,
    latenessMs: null,
  });
});

test('frames are sent at the recorded intervals divided by the speed, never earlier', async () => {
  const items = [0, 100, 300, 301, 600].map((ms, i) => at(ms * 1000, tick('EURUSD', i)));
  const replay = await start(inBatches(items), { speed: 2 });
  const client = await new Client(replay).subscribe(EURUSD);
  await client.closed;
  expect(client.frames).toHaveLength(5);
  const [, first, ...others] = client.atMs as [number, number, ...number[]];
  // The first may have arrived late; none may arrive before it was due.
  for (const [i, dueMs] of [50, 150, 150.5, 300].entries())
    expect((others[i] as number) - first).toBeGreaterThan(dueMs - 40);
  const { latenessMs, seconds } = await replay.ended;
  expect(seconds).toBeGreaterThanOrEqual(0.3);
  expect(latenessMs?.p50).toBeGreaterThanOrEqual(0);
  expect(latenessMs?.p99).toBeGreaterThanOrEqual(latenessMs?.p50 ?? 1);
});

test('it begins when a client has made all its subscriptions', async () => {
  const items = Array.from({ length: 200 }, (_, i) => at(i, tick(i % 2 === 0 ? 'EURUSD' : 'XAUUSD', i)));
  const replay = await start(inBatches(items), { settleMs: 300 });
  const client = await new Client(replay).subscribe(EURUSD);
  await wait(60);
  await client.subscribe(XAUUSD);
  await wait(60);
  await client.subscribe(EURUSD);
  const askedMs = performance.now();
  await client.closed;
  expect(client.frames).toHaveLength(200);
  expect((client.atMs[3] as number) - askedMs).toBeGreaterThan(250);
});

test('where the recorded connection ended, the socket ends, and the next one goes on', async () => {
  const items: RecordedItem[] = [
    at(0, tick('EURUSD', 0)),
    at(1, tick('EURUSD', 1)),
    { tsRecv: NOON + 2, cut: { code: 1012 } },
    at(3, tick('EURUSD', 2)),
    { tsRecv: NOON + 4, cut: { code: null } },
    at(5, tick('EURUSD', 3)),
  ];
  const replay = await start(inBatches(items, 10));
  const first = await new Client(replay).subscribe(EURUSD);
  expect(await first.closed).toMatchObject({ code: 1012 });
  const second = await new Client(replay).subscribe(EURUSD);
  expect(await second.closed).toMatchObject({ code: 1001 });
  const third = await new Client(replay).subscribe(EURUSD);
  expect(await third.closed).toMatchObject({ code: 1000 });
  expect([first.frames.length, second.frames.length, third.frames.length]).toEqual([2, 1, 1]);
  expect(await replay.ended).toMatchObject({ complete: true, frames: 4, connections: 3 });
});

test('an outage lasts as long as the recorded one, for a client that is back before its end', async () => {
  const items: RecordedItem[] = [
    at(0, tick('EURUSD', 0)),
    { tsRecv: NOON + 1000, cut: { code: 1012 } },
    at(800_000, tick('EURUSD', 1)),
  ];
  const replay = await start(inBatches(items), { speed: 2, settleMs: 1 });
  const first = await new Client(replay).subscribe(EURUSD);
  await first.closed;
  const second = await new Client(replay).subscribe(EURUSD);
  await second.closed;
  expect((second.atMs[1] as number) - (first.atMs[1] as number)).toBeGreaterThan(360);
});

test('a client that does not read stops the reading of the recording; nothing is lost', async () => {
  let pulled = 0;
  const total = 200;
  const big = (n: number): string => `${tick('EURUSD', n)}${' '.repeat(10_000)}`;
  async function* batches() {
    for (let i = 0; i < total; i++) {
      pulled++;
      yield Array.from({ length: 20 }, (_, k) => at(i * 20 + k, big(i * 20 + k)));
    }
  }
  const replay = await start(batches());
  const client = await new Client(replay).subscribe(EURUSD);
  await new Promise((resolve) => client.ws.once('message', resolve));
  client.ws.pause();
  let before = -1;
  while (pulled !== before) {
    before = pulled;
    await wait(300);
  }
  expect(pulled).toBeLessThan(total);
  client.ws.resume();
  await client.closed;
  expect(client.frames).toEqual(Array.from({ length: total * 20 }, (_, n) => big(n)));
});

test('damage is reported and counted, and stops nothing', async () => {
  const items: RecordedItem[] = [
    at(0, tick('EURUSD', 0)),
    { damage: 'crc, 12 bytes' },
    at(1, tick('EURUSD', 1)),
  ];
  const replay = await start(inBatches(items));
  const client = await new Client(replay).subscribe(EURUSD);
  await client.closed;
  expect(client.frames).toHaveLength(2);
  expect(damage).toEqual(['crc, 12 bytes']);
  expect(await replay.ended).toMatchObject({ complete: true, damaged: 1 });
});

test('a symbol of which only bars were recorded: its bars are sent, its prices refused', async () => {
  const bar = '{"type":"bar","symbol":"USDJPY","timeframe":"M1","data":{}}';
  const replay = await start(inBatches([at(0, bar)]));
  const client = await new Client(replay).subscribe(
    { topic: 'prices', symbol: 'USDJPY' },
    { topic: 'bars', symbol: 'USDJPY', timeframe: 'M1' },
  );
  await client.closed;
  expect(client.frames).toEqual([bar]);
  expect(client.got[0]?.toString()).toContain('not recorded');
});

test('what was not recorded is refused, and begins nothing', async () => {
  const replay = await start(inBatches([at(0, tick('EURUSD', 0))]));
  const client = await new Client(replay).subscribe(
    { topic: 'prices', symbol: 'GBPUSD' },
    { topic: 'bars', symbol: 'EURUSD', timeframe: 'H1' },
    { topic: 'trades' },
    { topic: 'prices' },
  );
  while (client.got.length < 4) await wait(5);
  await wait(120);
  expect(client.got.map((text) => JSON.parse(text.toString()))).toEqual([
    { type: 'error', topic: 'prices', message: 'not recorded' },
    { type: 'error', topic: 'bars', message: 'not recorded' },
    { type: 'error', topic: 'trades', message: 'not recorded' },
    { type: 'error', topic: 'prices', message: 'symbol is required' },
  ]);
  await client.subscribe({ topic: 'bars', symbol: 'EURUSD', timeframe: 'M1' });
  expect(await client.closed).toMatchObject({ code: 1000 });
});

test('a client that leaves misses nothing: the replay waits for the next one', async () => {
  const items = Array.from({ length: 6 }, (_, i) => at(i * 200_000, tick('EURUSD', i)));
  const replay = await start(inBatches(items), { speed: 1, settleMs: 1 });
  const first = await new Client(replay).subscribe(EURUSD);
  while (first.frames.length < 2) await wait(5);
  first.ws.close();
  await first.closed;
  const before = first.frames.length;
  await wait(900);
  const second = await new Client(replay).subscribe(EURUSD);
  await second.closed;
  expect(before + second.frames.length).toBe(6);
});

test('started now, it does not wait for a client', async () => {
  const items = [at(0, tick('EURUSD', 0)), at(1, tick('EURUSD', 1))];
  const replay = await start(inBatches(items), { settleMs: null });
  expect(await replay.ended).toMatchObject({ complete: true, frames: 0, unsent: 2, connections: 0 });
});

test('a newer client takes the socket; stopping ends the replay in the middle', async () => {
  const items = Array.from({ length: 5 }, (_, i) => at(i * 60_000_000, tick('EURUSD', i)));
  const replay = await start(inBatches(items), { speed: 1 });
  const older = await new Client(replay).subscribe(EURUSD);
  while (older.frames.length < 1) await wait(5);
  const newer = await new Client(replay).subscribe(EURUSD);
  expect(await older.closed).toEqual({ code: 1000, reason: 'replaced by a newer connection' });
  await replay.stop();
  await newer.closed;
  expect(await replay.ended).toMatchObject({ complete: false, frames: 1 });
});

test('a recording that cannot be read any further fails the replay', async () => {
  async function* broken() {
    yield [at(0, tick('EURUSD', 0))];
    throw new Error('the disk is gone');
  }
  const replay = await start(broken());
  replay.ended.catch(() => {});
  await new Client(replay).subscribe(EURUSD);
  await expect(replay.ended).rejects.toThrow('the disk is gone');
});

test('REST answers from what was recorded, and with the gateway’s errors where nothing was', async () => {
  const items = [at(0, BEAT), at(1, tick('EURUSD', 5)), at(3_600_000_000, tick('EURUSD', 6))];
  const replay = await start(inBatches(items), { speed: 1 });
  const call = async (path: string, o: { method?: string; key?: string; body?: string } = {}) => {
    const base = path.startsWith('/v1') ? '' : `/mt5/${ID}`;
    const answer = await fetch(`http://${replay.addr}${base}${path}`, {
      method: o.method ?? 'GET',
      headers: { 'x-api-key': o.key ?? KEY },
      ...(o.body === undefined ? {} : { body: o.body }),
    });
    const text = await answer.text();
    return {
      status: answer.status,
      body: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text,
    };
  };
  expect(await call('/v1/accounts', { key: 'wrong-key' })).toMatchObject({ status: 401 });
  expect(await call('/v1/accounts')).toMatchObject({ body: [{ id: ID, login: 77, server: 'Demo-1' }] });
  expect(await call('/getQuote?symbol=EURUSD')).toMatchObject({ status: 500, body: { error: 'MRPC' } });
  expect(await call('/ServerTimezone')).toMatchObject({ body: { utcOffsetSeconds: 10_800 } });
  const client = await new Client(replay).subscribe(EURUSD);
  while (client.frames.length < 1) await wait(5);
  expect(await call('/status')).toMatchObject({
    body: { serverTime: '2026-06-23T15:00:01.000Z', broker: { connected: true } },
  });
  expect(await call('/symbols')).toMatchObject({ body: ['EURUSD', 'USDJPY', 'XAUUSD'] });
  expect(await call('/getQuote?symbol=EURUSD')).toMatchObject({ body: { symbol: 'EURUSD', bid: 1.5 } });
  expect(await call('/SymbolInfo?symbol=EURUSD')).toMatchObject({ body: { digits: 5, bid: 1.5 } });
  expect(await call('/SymbolInfo?symbol=XAUUSD')).toMatchObject({ status: 500 });
  expect(await call('/AccountInfo')).toMatchObject({ body: { login: 77, currency: 'USD', leverage: 100 } });
  expect(await call('/AccountSummary')).toMatchObject({ status: 500 });
  const nowMs = Date.UTC(2026, 5, 23, 15, 0, 1);
  expect(await call('/PriceHistory?symbol=EURUSD&timeframe=M1')).toMatchObject({ body: [{ nowMs }] });
  expect(await call('/PriceHistory?symbol=EURUSD&timeframe=X')).toMatchObject({ status: 400 });
  expect(await call('/QuoteTicks?symbol=EURUSD')).toMatchObject({ status: 504 });
  expect(await call('/OrderHistory')).toMatchObject({ status: 500 });
  expect(await call('/OrderHistory?from=never')).toMatchObject({ status: 400 });
  expect(await call('/PositionHistory')).toMatchObject({ status: 200, body: [] });
  expect(await call('/Nothing')).toMatchObject({ status: 404 });
  expect(await call('/OrderSend', { method: 'POST', body: '{}' })).toMatchObject({ status: 403 });
  expect(await call('/v1/accounts', { method: 'POST', body: '{}' })).toMatchObject({ status: 403 });
  expect(await call(`/v1/accounts/${ID}`, { method: 'DELETE' })).toMatchObject({ status: 403 });
});

test('a port that is taken is an error with a code', async () => {
  const { addr } = await start(inBatches([at(0, BEAT)]));
  await expect(start(inBatches([at(0, BEAT)]), { addr })).rejects.toMatchObject({
    code: 'HTTP_LISTEN_FAILED',
  });
});
