// A small real HTTP server for tests. In: what to answer. Out: its address, and what it was asked, in order. `closeServers` ends all of them.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
  /** `GET /PriceHistory?symbol=EURUSD` */
  readonly line: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

const servers: Server[] = [];

export async function serve(
  answer: (asked: Asked, response: ServerResponse, request: IncomingMessage) => unknown,
  /** The status by which upgrades are refused. */
  refuse: (request: IncomingMessage) => number = () => 400,
): Promise<{ baseUrl: string; asked: Asked[] }> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const one = { line: `${request.method} ${request.url}`, headers: request.headers, body };
      asked.push(one);
      answer(one, response, request);
    });
  });
  server.on('upgrade', (request, socket) => {
    socket.end(`HTTP/1.1 ${refuse(request)} No\r\nconnection: close\r\n\r\n`);
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

/** Call it in `afterEach`. */
export function closeServers(): void {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
}
