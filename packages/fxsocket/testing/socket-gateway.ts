// A small real gateway for tests of the stream: acknowledges, lists, sends snapshots of ticks, and refuses the symbol NOPE. In: nothing. Out: its
// address, what it was asked, and its open sockets. `closeGateways` ends all of them.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Subscription } from '../src/stream/subscription.ts';

type Asked = { action: 'subscribe' | 'unsubscribe' | 'list' } & Subscription;

const gateways: (() => Promise<void>)[] = [];

export const tickText = (symbol: string, bid: number): string =>
  JSON.stringify({
    type: 'tick',
    symbol,
    data: { bid, ask: bid, time: '2026-06-23T12:00:00.000Z', last: 0, volume: 0 },
  });

export async function socketGateway() {
  const http = createServer();
  const wss = new WebSocketServer({ server: http });
  /** `subscribe prices EURUSD`, without the heartbeat and lists. */
  const asked: string[] = [];
  let most = 0;
  wss.on('connection', (socket) => {
    most = Math.max(most, wss.clients.size);
    const listed: Subscription[] = [];
    socket.on('message', (data) => {
      const { action, ...sub } = JSON.parse((data as Buffer).toString()) as Asked;
      if (action === 'list') return socket.send(JSON.stringify({ type: 'subscriptions', data: listed }));
      if (sub.topic !== 'terminal')
        asked.push([action, sub.topic, sub.symbol, sub.timeframe].filter(Boolean).join(' '));
      if (sub.symbol === 'NOPE')
        return socket.send(JSON.stringify({ type: 'error', topic: sub.topic, message: 'unknown symbol' }));
      const at = listed.findIndex((one) => JSON.stringify(one) === JSON.stringify(sub));
      if (action === 'subscribe' && at === -1) listed.push(sub);
      if (action === 'unsubscribe' && at !== -1) listed.splice(at, 1);
      socket.send(JSON.stringify({ type: `${action}d`, topic: sub.topic, message: 'ok' }));
      if (action === 'subscribe' && sub.topic === 'prices') socket.send(tickText(sub.symbol ?? '', 1));
    });
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  gateways.push(async () => {
    for (const socket of wss.clients) socket.terminate();
    http.closeAllConnections();
    await new Promise((done) => http.close(done));
  });
  return {
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}/ws`,
    asked,
    sockets: (): WebSocket[] => [...wss.clients],
    /** How many were open at one time. */
    mostSockets: (): number => most,
    /** To every open socket. */
    send: (...texts: readonly string[]): void => {
      for (const socket of wss.clients) for (const text of texts) socket.send(text);
    },
  };
}

/** Call it in `afterEach`, after the clients have ended. */
export async function closeGateways(): Promise<void> {
  for (const close of gateways.splice(0)) await close();
}
