// What a stream keeps to on a real socket: bounded buffers with back-pressure, dead connections found, no key anywhere.

import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { FxStream, type StreamItem, type StreamLimits } from '../index.ts';

const KEY = 'fxs_ro_secret key/1';
const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of cleanUp.splice(0).reverse()) await each();
});

const gateway = async (o: {
  onSocket?: (socket: WebSocket) => void;
  refuse?: (request: IncomingMessage, socket: Duplex) => boolean;
}) => {
  const http = createServer();
  const wss = new WebSocketServer({ noServer: true });
  http.on('upgrade', (request, socket, head) => {
    if (o.refuse?.(request, socket) === true) return;
    wss.handleUpgrade(request, socket, head, (ws) => o.onSocket?.(ws));
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  cleanUp.push(() => {
    for (const ws of wss.clients) ws.terminate();
    http.closeAllConnections();
    http.close();
  });
  return `ws://127.0.0.1:${(http.address() as AddressInfo).port}/ws`;
};

const open = (url: string, limits: Partial<StreamLimits>) => {
  const stream = new FxStream({
    url,
    apiKey: KEY,
    subscriptions: [{ topic: 'prices', symbol: 'EURUSD' }],
    limits: { backoffMinMs: 5, backoffMaxMs: 20, ...limits },
  });
  cleanUp.push(() => stream.close());
  return stream;
};

const until = async (what: string, holds: () => boolean): Promise<void> => {
  const deadline = performance.now() + 10_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`not in time: ${what}`);
    await new Promise((done) => setTimeout(done, 2));
  }
};

const collect = (stream: FxStream): StreamItem[] => {
  const items: StreamItem[] = [];
  void (async () => {
    for await (const batch of stream) items.push(...batch);
  })();
  return items;
};

const events = (items: readonly StreamItem[], type: string) =>
  items.flatMap((item) => (item.kind === 'session' && item.event.type === type ? [item.event] : []));

test('a consumer that stands still stops the reading; nothing is lost, and what waited is marked', async () => {
  const frames = 30_000;
  let sent: WebSocket | null = null;
  const url = await gateway({
    onSocket: (socket) => {
      sent = socket;
      for (let n = 0; n < frames; n++)
        socket.send(
          JSON.stringify({
            type: 'tick',
            symbol: 'EURUSD',
            data: { bid: n, ask: n, time: '2026-06-23T12:00:00.000Z', last: 0, volume: 0 },
          }),
        );
    },
  });
  const limits = { highItems: 2000, lowItems: 500, heartbeatMs: 60_000 };
  const stream = open(url, limits);
  await until('reading stops', () => stream.state().readingPaused);
  // At most one piece of the socket, 64 KiB, is read beyond the mark.
  expect(stream.state().buffered.items).toBeLessThan(limits.highItems + 1000);
  const before = stream.state().buffered.items;
  await new Promise((done) => setTimeout(done, 100)); // it must stand still while nobody reads: time has to pass
  expect(stream.state().buffered.items).toBe(before);
  expect(sent).not.toBeNull();

  const bids: number[] = [];
  let congested = 0;
  let most = 0;
  for await (const batch of stream) {
    most = Math.max(most, batch.length);
    for (const item of batch) {
      if (item.kind !== 'frame' || item.message.type !== 'tick') continue;
      bids.push(item.message.data.bid);
      if (item.congested) congested++;
    }
    if (bids.length >= frames) break;
  }
  expect(bids).toEqual(Array.from({ length: frames }, (_, n) => n));
  expect(most).toBeLessThan(limits.highItems + 1000);
  expect(congested).toBeGreaterThan(frames / 2);
  expect(stream.state().readingPaused).toBe(false);
});

test('large frames are bounded by bytes', async () => {
  const url = await gateway({
    onSocket: (socket) => {
      for (let n = 0; n < 40; n++)
        socket.send(JSON.stringify({ type: 'new_kind', n, pad: 'x'.repeat(500_000) }));
    },
  });
  const stream = open(url, { highBytes: 2_000_000, lowBytes: 500_000, heartbeatMs: 60_000 });
  await until('reading stops', () => stream.state().readingPaused);
  expect(stream.state().buffered.bytes).toBeLessThan(3_100_000);
  const items = collect(stream);
  await until('all frames', () => items.filter((item) => item.kind === 'frame').length === 40);
});

test('a frame beyond the limit ends the connection with a reason, and the next one is made', async () => {
  let connections = 0;
  const url = await gateway({
    onSocket: (socket) => {
      if (connections++ === 0) socket.send('x'.repeat(200_000));
    },
  });
  const items = collect(open(url, { maxFrameBytes: 100_000 }));
  await until('second connection', () => connections === 2);
  expect(events(items, 'disconnected')[0]).toMatchObject({
    reason: expect.stringMatching(/payload/i) as string,
  });
});

test('half-open: a peer that says nothing more, not even a pong, is given up', async () => {
  const sockets: Socket[] = [];
  const url = await gateway({
    onSocket: (socket) => {
      // The process behind it hangs: bytes are accepted by the kernel and never answered.
      const raw = (socket as unknown as { _socket: Socket })._socket;
      raw.pause();
      sockets.push(raw);
    },
  });
  const items = collect(open(url, { pingAfterMs: 30, deadAfterMs: 150 }));
  await until('second connection', () => sockets.length >= 2);
  expect(events(items, 'disconnected')[0]).toMatchObject({
    reason: 'half-open connection: no byte for 150 ms, ping unanswered',
  });
});

test('an upgrade that is never answered is given up', async () => {
  const held: Socket[] = [];
  const server = createTcpServer((socket) => held.push(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUp.push(() => {
    for (const socket of held) socket.destroy();
    server.close();
  });
  const items = collect(
    open(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws`, { connectTimeoutMs: 50 }),
  );
  await until('two refusals', () => events(items, 'refused').length >= 2);
  expect(events(items, 'refused')[0]).toEqual({
    type: 'refused',
    status: null,
    reason: 'no answer to the upgrade within 50 ms',
  });
});

test('the key is in the address of the upgrade, and in nothing that comes out', async () => {
  const addresses: string[] = [];
  let step = 0;
  const url = await gateway({
    refuse: (request, socket) => {
      addresses.push(request.url ?? '');
      if (step++ > 1) return false;
      // The first echoes the address at once, the second so that the cut of the text goes through the key.
      const pad = step === 1 ? '' : 'x'.repeat(175 - 'no such address '.length);
      socket.end(
        `HTTP/1.1 502 Bad\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n${pad} no such address ${request.url} ${KEY}`,
      );
      return true;
    },
    onSocket: (socket) => {
      const address = addresses.at(-1) ?? '';
      socket.send(
        JSON.stringify({ type: 'error', topic: 'prices', message: `bad request ${address} ${KEY}` }),
      );
      socket.send(JSON.stringify({ type: 'odd', address, key: KEY }));
      socket.send(`not json ${address} ${KEY}`);
      setTimeout(() => socket.close(1008, `go away ${KEY}`), 20);
    },
  });
  const stream = open(url, {});
  const items = collect(stream);
  const states: unknown[] = [];
  await until('all of it', () => {
    states.push(stream.state());
    return events(items, 'disconnected').length > 0;
  });
  const out = JSON.stringify([items, states]);
  expect(events(items, 'refused').length).toBe(2);
  expect(events(items, 'subscribe_failed').length).toBe(1);
  expect(out).toContain('[key]');
  expect(addresses[0]).toBe(`/ws?api_key=${encodeURIComponent(KEY).replaceAll('%20', '+')}`);
  for (const spelling of [KEY, encodeURIComponent(KEY), 'fxs_ro_']) expect(out).not.toContain(spelling);
});
