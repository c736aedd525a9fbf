// A gateway of a few fixed answers, for the examples of the published packages. In: nothing. Out: its address; what was asked of it.

import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openApiDocument, terminalRoutes } from '@fxtape/fxsocket';
import { WebSocketServer } from 'ws';

const ID = '00000000-0000-0000-0000-000000000000';
const ROW = { id: ID, platform: 'mt5', server: 'ICMarkets-Demo', login: 1150125, status: 'connecting' };
const bar = { time: '2026-06-22T16:45:00Z', open: 1, high: 2, low: 1, close: 2, tickVolume: 5 };
const order = { success: true, outcome: 'applied', retcode: 10009, deal: 1, volume: 0.1, price: 1.1 };

/** Everything as we know it, but that `/symbols` is gone. */
function document(): unknown {
  const { symbols: _gone, ...routes } = terminalRoutes;
  return openApiDocument({ title: 'Terminal', version: '1', routes, socket: true });
}

const ANSWERS: Record<string, (response: ServerResponse) => unknown> = {
  'GET /v1/accounts': (response) => response.end(JSON.stringify([ROW])),
  [`GET /v1/accounts/${ID}`]: (response) => response.end(JSON.stringify(ROW)),
  'POST /v1/accounts': (response) => response.writeHead(201).end(JSON.stringify(ROW)),
  [`DELETE /v1/accounts/${ID}`]: (response) => response.writeHead(204).end(),
  [`GET /mt5/${ID}/ServerTimezone`]: (response) =>
    response.end('{"serverTime":"2026-06-22T19:53:56Z","utcOffsetSeconds":10800}'),
  [`GET /mt5/${ID}/getQuote`]: (response) =>
    response.end('{"symbol":"EURUSD","bid":1.0849,"ask":1.0851,"time":"2026-06-22T19:53:56Z"}'),
  [`GET /mt5/${ID}/PriceHistory`]: (response) =>
    response.end(JSON.stringify([bar, bar, { ...bar, close: null }])),
  [`GET /mt5/${ID}/OpenedOrders`]: (response) =>
    response.end(
      `[{"ticket":9007199254740993,"symbol":"EURUSD","type":"Buy","lots":0.1,"openPrice":1.1,"openTime":"2026-06-22T16:45:00Z"}]`,
    ),
  [`GET /mt5/${ID}/api-doc/openapi.json`]: (response) => response.end(JSON.stringify(document())),
  [`POST /mt5/${ID}/OrderSend`]: (response) =>
    response.end(JSON.stringify({ ...order, order: 0 }).replace('"order":0', '"order":9007199254740995')),
  [`POST /mt5/${ID}/OrderModify`]: (response) =>
    response.end('{"success":false,"outcome":"no_change","retcode":10025}'),
  // The answer is lost: the example has to say so.
  [`POST /mt5/${ID}/OrderClose`]: (response) => response.destroy(),
};

const tick = (symbol: string, bid: number): string =>
  JSON.stringify({ type: 'tick', symbol, data: { bid, ask: bid, time: '2026-06-22T16:45:00Z' } });

export async function exampleGateway() {
  const asked: string[] = [];
  const http = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      const line = `${request.method} ${request.url?.split('?')[0]}`;
      asked.push(`${line} ${body}`.trim());
      const answer = ANSWERS[line];
      if (answer === undefined) response.writeHead(404).end('Not Found');
      else answer(response);
    });
  });
  const sockets = new WebSocketServer({ server: http });
  sockets.on('connection', (socket) => {
    const listed: object[] = [];
    socket.on('message', (data) => {
      const { action, ...sub } = JSON.parse((data as Buffer).toString()) as {
        action: string;
        topic: string;
        symbol?: string;
      };
      if (action === 'list') return socket.send(JSON.stringify({ type: 'subscriptions', data: listed }));
      if (action === 'subscribe') listed.push(sub);
      socket.send(JSON.stringify({ type: `${action}d`, topic: sub.topic, message: 'ok' }));
      if (action === 'subscribe' && sub.topic === 'prices')
        for (const bid of [1, 2, 3]) socket.send(tick(sub.symbol ?? '', bid));
    });
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return {
    address: `127.0.0.1:${(http.address() as AddressInfo).port}`,
    asked,
    document,
    close: async (): Promise<void> => {
      for (const socket of sockets.clients) socket.terminate();
      http.closeAllConnections();
      await new Promise((done) => http.close(done));
    },
  };
}
