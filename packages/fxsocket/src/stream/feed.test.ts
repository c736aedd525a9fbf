// Topics as iterables, against a real socket: who gets what, how a reader that is too slow is told, and how reading ends.
import { afterEach, expect, test } from 'vitest';
import { type FeedItem, FxFeed } from '../index.ts';
import { closeServers, serve } from '../../testing/http-server.ts';
import { closeGateways, socketGateway, tickText } from '../../testing/socket-gateway.ts';
import type { Topic } from '../api/topics.ts';

const feeds: FxFeed[] = [];
afterEach(async () => {
  for (const feed of feeds.splice(0)) await feed.close();
  await closeGateways();
  closeServers();
});

const open = async () => {
  const gateway = await socketGateway();
  const feed = new FxFeed({
    url: gateway.url,
    apiKey: 'fxs_ro_secret',
    limits: { backoffMinMs: 5, backoffMaxMs: 20, heartbeatMs: 60_000 },
  });
  feeds.push(feed);
  return { feed, gateway };
};

/** The next item of this kind, however many others come before it. */
async function next<T extends Topic, K extends FeedItem<T>['kind']>(
  items: AsyncGenerator<FeedItem<T>, void, undefined>,
  kind: K,
): Promise<Extract<FeedItem<T>, { kind: K }>> {
  for (;;) {
    const step = await items.next();
    if (step.done === true) throw new Error(`the iteration ended before ${kind}`);
    if (step.value.kind === kind) return step.value as Extract<FeedItem<T>, { kind: K }>;
  }
}

const until = async (what: string, holds: () => boolean): Promise<void> => {
  const deadline = performance.now() + 10_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`not in time: ${what}`);
    await new Promise((done) => setTimeout(done, 2));
  }
};

test('each topic has its own data', async () => {
  const { feed, gateway } = await open();
  const readers = {
    prices: feed.prices(['EURUSD', 'GBPUSD']),
    bars: feed.bars('EURUSD', 'M5'),
    account: feed.account(),
    positions: feed.positions(),
    trades: feed.trades(),
    terminal: feed.terminal(),
  };
  const { prices, ...others } = readers;
  await Promise.all(Object.values(others).map((reader) => next(reader as never, 'live')));
  const snapshots = new Set<string>();
  while (snapshots.size < 2) snapshots.add((await next(prices, 'data')).symbol);
  const bar = { time: '2026-06-23T12:00:00Z', open: 1, high: 2, low: 1, close: 2, tickVolume: 3 };
  const trade = {
    deal: 9007199254740993n,
    symbol: 'EURUSD',
    type: 'Buy',
    volume: 0.1,
    price: 1,
    time: '2026-06-23T12:00:00Z',
  };
  gateway.send(
    tickText('XAUUSD', 5),
    tickText('GBPUSD', 7),
    JSON.stringify({ type: 'bar', symbol: 'EURUSD', timeframe: 'M1', data: { ...bar, close: 9 } }),
    JSON.stringify({ type: 'bar', symbol: 'EURUSD', timeframe: 'M5', data: bar }),
    JSON.stringify({ type: 'account', data: { balance: 10, equity: 11 } }),
    JSON.stringify({ type: 'positions', data: [] }),
    `{"type":"trade","data":${JSON.stringify({ ...trade, deal: 0 }).replace('"deal":0', '"deal":9007199254740993')}}`,
    JSON.stringify({ type: 'terminal', data: { connected: true, serverTime: '2026-06-23T12:00:00Z' } }),
  );
  expect(await next(prices, 'data')).toMatchObject({ symbol: 'GBPUSD', data: { bid: 7 } });
  expect(await next(readers.bars, 'data')).toMatchObject({ symbol: 'EURUSD', timeframe: 'M5', data: bar });
  expect(await next(readers.account, 'data')).toMatchObject({ data: { balance: 10 } });
  expect(await next(readers.positions, 'data')).toMatchObject({ data: [] });
  expect(await next(readers.trades, 'data')).toMatchObject({ data: trade });
  expect(await next(readers.terminal, 'data')).toMatchObject({ data: { connected: true } });
});

test('a slow reader loses its oldest items and is told how many; a quick one beside it loses none', async () => {
  const { feed, gateway } = await open();
  const slow = feed.prices('EURUSD', { capacity: 10 });
  const quick = feed.prices('EURUSD');
  await next(slow, 'data');
  await next(quick, 'live');
  const sent = 500;
  for (let n = 0; n < sent; n++) gateway.send(tickText('EURUSD', 100 + n));
  let last = 0;
  let seen = 0;
  while (last !== 100 + sent - 1) {
    last = (await next(quick, 'data')).data.bid;
    if (last >= 100) seen++;
  }
  expect(seen).toBe(sent);

  const lagged = await next(slow, 'lagged');
  const kept: number[] = [];
  while (kept.at(-1) !== last) kept.push((await next(slow, 'data')).data.bid);
  expect(kept).toEqual(Array.from({ length: 10 }, (_, i) => 100 + sent - 10 + i));
  // Between its first data and the flood nothing but the confirmation can have come.
  expect(lagged.count - (sent - 10)).toBeGreaterThanOrEqual(0);
  expect(lagged.count - (sent - 10)).toBeLessThanOrEqual(1);
});

test('break ends the subscription, and only that one', async () => {
  const { feed, gateway } = await open();
  const gold = feed.prices('XAUUSD');
  await next(gold, 'live');
  for await (const item of feed.prices('EURUSD')) if (item.kind === 'data') break;
  await until('unsubscribed', () => gateway.asked.includes('unsubscribe prices EURUSD'));
  gateway.send(tickText('XAUUSD', 3));
  while ((await next(gold, 'data')).data.bid !== 3);
  expect(gateway.asked).toEqual([
    'subscribe prices XAUUSD',
    'subscribe prices EURUSD',
    'unsubscribe prices EURUSD',
  ]);
  expect(feed.state().readers).toBe(1);
});

test('two readers share a subscription; the second is told at once that it is live', async () => {
  const { feed, gateway } = await open();
  const first = feed.prices('EURUSD');
  await next(first, 'live');
  const second = feed.prices('EURUSD');
  expect((await second.next()).value).toMatchObject({ kind: 'live', symbol: 'EURUSD' });
  await second.return();
  gateway.send(tickText('EURUSD', 2));
  while ((await next(first, 'data')).data.bid !== 2);
  expect(gateway.asked).toEqual(['subscribe prices EURUSD']);
});

test('a signal ends a reader that waits, and one that has not begun', async () => {
  const { feed } = await open();
  const stop = new AbortController();
  const account = feed.account({ signal: stop.signal });
  await next(account, 'live');
  const waiting = account.next();
  stop.abort();
  expect(await waiting).toEqual({ done: true, value: undefined });
  expect(await feed.account({ signal: stop.signal }).next()).toEqual({ done: true, value: undefined });
  expect(feed.state().readers).toBe(0);
});

test('what was lost on the way is told in its place: server drops, a lost connection, a frame that cannot be read', async () => {
  const { feed, gateway } = await open();
  const prices = feed.prices('EURUSD');
  const trades = feed.trades();
  await next(trades, 'live');
  await next(prices, 'live');
  gateway.send('{"type":"warning","dropped":7}');
  expect(await next(prices, 'dropped')).toMatchObject({ count: 7 });
  expect(await next(trades, 'dropped')).toMatchObject({ count: 7 });
  gateway.send('{"type":"tick","symbol":"EURUSD","data":{"bid":"x"}}', '{"type":"news"}', 'no json');
  expect(await next(prices, 'unreadable')).toMatchObject({
    reason: expect.stringContaining('data.') as string,
  });
  gateway.sockets()[0]?.close(1012, 'restart');
  expect(await next(prices, 'down')).toEqual({
    kind: 'down',
    why: 'disconnected',
    status: null,
    code: 1012,
    reason: 'restart',
    conn: 1,
    recvUs: expect.any(Number) as number,
  });
  expect(await next(prices, 'live')).toMatchObject({ symbol: 'EURUSD', conn: 2 });
  expect(await next(trades, 'live')).toMatchObject({ conn: 2 });
  expect(feed.state().strayFrames).toBe(2);
});

test('a symbol that the broker does not list is refused with its reason', async () => {
  const { feed } = await open();
  expect(await next(feed.prices('NOPE'), 'refused')).toMatchObject({
    symbol: 'NOPE',
    message: 'unknown symbol',
  });
});

test('nobody there: the reason is told, again and again', async () => {
  const feed = new FxFeed({
    url: 'ws://127.0.0.1:9/ws',
    apiKey: 'fxs_ro_secret',
    limits: { backoffMinMs: 5, backoffMaxMs: 20 },
  });
  feeds.push(feed);
  const reader = feed.account();
  for (let n = 0; n < 2; n++) {
    const { reason, status, why } = await next(reader, 'down');
    expect({ status, why }).toEqual({ status: null, why: 'refused' });
    expect(reason).toContain('ECONNREFUSED');
  }
});

test('a wrong key can be told from a terminal that restarts', async () => {
  const { baseUrl } = await serve(
    () => undefined,
    (request) => (request.url?.includes('wrong') === true ? 401 : 503),
  );
  for (const [apiKey, status] of [
    ['fxs_ro_wrong', 401],
    ['fxs_ro_other', 503],
  ] as const) {
    const feed = new FxFeed({ url: baseUrl.replace('http', 'ws'), apiKey });
    feeds.push(feed);
    expect(await next(feed.account(), 'down')).toMatchObject({ why: 'refused', status, code: null });
  }
});

test('when the last reader leaves, the socket is closed; the next reader opens another one behind it', async () => {
  const { feed, gateway } = await open();
  for (const conn of [1, 2, 3]) {
    for await (const item of feed.prices('EURUSD'))
      if (item.kind === 'data') {
        expect(item.conn).toBe(conn);
        break;
      }
    expect(feed.state()).toMatchObject({ readers: 0, stream: null });
    await until('closed', () => gateway.sockets().length === 0);
  }
  // Somebody comes while the last one is still leaving.
  const first = feed.prices('EURUSD');
  await next(first, 'live');
  const leaving = first.return();
  while (feed.state().readers > 0) await Promise.resolve();
  const second = feed.prices('EURUSD');
  expect(await next(second, 'data')).toMatchObject({ conn: 5 });
  await leaving;
  expect(gateway.mostSockets()).toBe(1);
});

test('closing hands out what waits, then ends', async () => {
  const { feed, gateway } = await open();
  const slow = feed.prices('EURUSD');
  const quick = feed.prices('EURUSD');
  await next(slow, 'data');
  await next(quick, 'live');
  gateway.send(tickText('EURUSD', 2), tickText('EURUSD', 3));
  while ((await next(quick, 'data')).data.bid !== 3);
  await feed.close();
  expect([(await next(slow, 'data')).data.bid, (await next(slow, 'data')).data.bid]).toEqual([2, 3]);
  while ((await slow.next()).done !== true);
  await expect(feed.account().next()).rejects.toMatchObject({ code: 'FXSOCKET_BAD_ARGUMENT' });
});

test('arguments that cannot be right are refused before anything is sent', async () => {
  const { feed } = await open();
  for (const wrong of [
    () => feed.prices([]),
    () => feed.prices(''),
    () => feed.account({ capacity: 0 }),
    () => feed.account({ capacity: 1.5 }),
  ])
    expect(wrong).toThrow(expect.objectContaining({ code: 'FXSOCKET_BAD_ARGUMENT' }));
  expect(feed.state().stream).toBeNull();
});
