import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { FxStream, type StreamItem, type WantedSubscription } from '../index.ts';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

/** A gateway that acknowledges everything and sends a snapshot for each symbol. */
const gateway = async (o: { refuse?: () => number | null } = {}) => {
  const http: Server = createServer();
  const wss = new WebSocketServer({ noServer: true });
  const sockets: WebSocket[] = [];
  http.on('upgrade', (request, socket, head) => {
    const status = o.refuse?.() ?? null;
    if (status !== null) {
      socket.end(
        `HTTP/1.1 ${status} No\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n<title>restarting</title>`,
      );
      return;
    }
    wss.handleUpgrade(request, socket, head, (ws) => {
      sockets.push(ws);
      const listed: { topic: string; symbol?: string | undefined }[] = [];
      ws.on('message', (data) => {
        const { action, symbol, topic } = JSON.parse((data as Buffer).toString()) as {
          action: string;
          symbol?: string;
          topic: string;
        };
        if (action === 'list') return ws.send(JSON.stringify({ type: 'subscriptions', data: listed }));
        if (action === 'subscribe') listed.push({ topic, symbol });
        ws.send(JSON.stringify({ type: `${action}d`, topic, message: 'ok' }));
        if (topic === 'prices' && action === 'subscribe') ws.send(tick(symbol ?? '', 1));
      });
    });
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  open.push({
    close: () => {
      for (const ws of sockets) ws.terminate();
      http.closeAllConnections();
      return new Promise((done) => http.close(done));
    },
  });
  return { url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}/ws`, sockets };
};

const tick = (symbol: string, bid: number): string =>
  JSON.stringify({
    type: 'tick',
    symbol,
    data: { bid, ask: bid, time: '2026-06-23T12:00:00.000Z', last: 0, volume: 0 },
  });

const start = (
  url: string,
  subscriptions: WantedSubscription[] = [{ topic: 'prices', symbol: 'EURUSD' }],
) => {
  const stream = new FxStream({
    url,
    apiKey: 'fxs_ro_secret',
    subscriptions,
    limits: { backoffMinMs: 5, backoffMaxMs: 20 },
  });
  open.push(stream);
  const items: StreamItem[] = [];
  const ended = (async () => {
    for await (const batch of stream) items.push(...batch);
  })();
  const words = (): string[] =>
    items.map((item) =>
      item.kind === 'session'
        ? item.event.type
        : item.message.type === 'tick'
          ? `tick ${item.message.data.bid}`
          : item.message.type,
    );
  const until = async (holds: () => boolean): Promise<void> => {
    const deadline = performance.now() + 8000;
    while (!holds()) {
      if (performance.now() > deadline) throw new Error(`not in time: ${words().join(' ')}`);
      await new Promise((done) => setTimeout(done, 5));
    }
  };
  return { stream, items, words, until, ended };
};

test('a subscription is written, acknowledged and answered in this order', async () => {
  const { url } = await gateway();
  const { until, words } = start(url);
  await until(() => words().includes('tick 1'));
  const all = words();
  expect(all.slice(0, 2)).toEqual(['connecting', 'connected']);
  expect(all.indexOf('subscribing')).toBeLessThan(all.indexOf('subscribed'));
  expect(all.indexOf('subscribing')).toBeLessThan(all.indexOf('tick 1'));
});

test('a lost connection is an item behind its frames, and everything is subscribed again', async () => {
  const { sockets, url } = await gateway();
  const { items, until, words } = start(url);
  await until(() => words().includes('tick 1'));
  sockets[0]?.send(tick('EURUSD', 2));
  sockets[0]?.close(1012, 'restart');
  await until(() => words().filter((word) => word === 'tick 1').length === 2);
  const all = words();
  expect(all.filter((word) => word === 'disconnected').length).toBe(1);
  expect(all.indexOf('tick 2')).toBeLessThan(all.indexOf('disconnected'));
  expect(items.at(-1)?.conn).toBe(2);
});

test('a refused upgrade has a visible reason and is tried again', async () => {
  let refusals = 2;
  const { url } = await gateway({ refuse: () => (refusals-- > 0 ? 503 : null) });
  const { items, until, words } = start(url);
  await until(() => words().includes('tick 1'));
  const refused = items.flatMap((item) =>
    item.kind === 'session' && item.event.type === 'refused' ? [item.event] : [],
  );
  expect(refused).toEqual([
    { type: 'refused', status: 503, reason: 'HTTP 503: restarting' },
    { type: 'refused', status: 503, reason: 'HTTP 503: restarting' },
  ]);
  expect(JSON.stringify(items)).not.toContain('fxs_ro_secret');
});

test('nobody there: it goes on trying, and close ends it at once', async () => {
  const { ended, stream, until, words } = start('ws://127.0.0.1:9/ws');
  await until(() => words().filter((word) => word === 'refused').length >= 3);
  expect(JSON.stringify(stream.state())).not.toContain('fxs_ro_secret');
  await stream.close();
  await ended;
});

test('subscriptions change on the running connection', async () => {
  const { url } = await gateway();
  const { items, stream, until, words } = start(url);
  await until(() => words().includes('tick 1'));
  stream.setSubscriptions([{ topic: 'prices', symbol: 'GBPUSD' }]);
  await until(
    () =>
      words().includes('unsubscribed') &&
      items.some((item) => item.kind === 'frame' && item.text.includes('GBPUSD')),
  );
  expect(words().filter((word) => word === 'connected').length).toBe(1);
});

test('a paused intake stays closed until it is resumed', async () => {
  const { sockets, url } = await gateway();
  const { stream, until, words } = start(url);
  await until(() => words().includes('tick 1'));
  stream.pauseIntake('disk_full');
  await until(() => words().includes('disconnected'));
  expect(stream.state().phase).toBe('paused');
  stream.resumeIntake();
  await until(() => words().filter((word) => word === 'tick 1').length === 2);
  expect(sockets.length).toBe(2);
});

test('junk and binary frames are kept exactly', async () => {
  const { sockets, url } = await gateway();
  const { items, until, words } = start(url);
  await until(() => words().includes('tick 1'));
  sockets[0]?.send('not json\nat all');
  sockets[0]?.send(Buffer.from([1, 255]));
  await until(() => words().filter((word) => word === 'undecodable').length === 2);
  const junk = items.flatMap((item) =>
    item.kind === 'frame' && item.message.type === 'undecodable' ? [item] : [],
  );
  expect(junk.map(({ binary, json, text }) => [binary, json, text])).toEqual([
    [false, false, 'not json\nat all'],
    [true, false, 'Af8='],
  ]);
});
