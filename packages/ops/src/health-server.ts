// The small HTTP port that every service has. In: a function that tells whether the service does its work, its metrics, and JSON
// documents to show (`/state`). Out: `/healthz` (the process runs), `/readyz` (200, or 503 with the reasons), `/metrics`, and the
// documents. With a token, everything but the first two asks for it.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bearerMatches } from './bearer.ts';
import { FxtapeError } from './fxtape-error.ts';
import { formatAddr, listenFailed, parseListenAddr } from './listen-addr.ts';
import type { Metrics } from './metrics.ts';

export interface Readiness {
  readonly ready: boolean;
  /** Why not, one sentence each; may hold remarks when ready. */
  readonly reasons: readonly string[];
}

export interface HealthServerOptions {
  /** `host:port`; port 0 takes a free one. */
  readonly addr: string;
  readonly ready: () => Readiness | Promise<Readiness>;
  readonly metrics: Metrics;
  /** Path → document. BigInts are written as strings. */
  readonly json?: Readonly<Record<string, () => unknown>>;
  readonly token?: string;
}

export interface HealthServer {
  /** The address in use, `host:port`. */
  readonly addr: string;
  close(): Promise<void>;
}

/** @throws HTTP_ADDR_INVALID, HTTP_LISTEN_FAILED. */
export async function startHealthServer(options: HealthServerOptions): Promise<HealthServer> {
  const { host, port } = parseListenAddr(options.addr);
  const server = createServer((request, response) => {
    answer(options, request, response).catch((error: unknown) => {
      const code = error instanceof FxtapeError ? error.code : 'INTERNAL';
      const message = error instanceof FxtapeError ? error.message : 'the document could not be made';
      send(response, 500, { code, message });
    });
  });
  await listen(server, host, port);
  const bound = server.address() as AddressInfo;
  return {
    addr: formatAddr({ host, port: bound.port }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  options: HealthServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return send(response, 405, { code: 'METHOD_NOT_ALLOWED' });
  const path = new URL(request.url ?? '/', 'http://service').pathname;
  if (path === '/healthz') return send(response, 200, { status: 'up' });
  if (path === '/readyz') {
    const readiness = await options.ready();
    return send(response, readiness.ready ? 200 : 503, readiness);
  }
  const document = Object.hasOwn(options.json ?? {}, path) ? options.json?.[path] : undefined;
  if (path !== '/metrics' && document === undefined) return send(response, 404, { code: 'NOT_FOUND' });
  if (options.token !== undefined && !bearerMatches(request.headers.authorization, options.token)) {
    response.setHeader('www-authenticate', 'Bearer');
    return send(response, 401, { code: 'UNAUTHORIZED' });
  }
  if (document !== undefined) return send(response, 200, await document());
  const text = await options.metrics.text();
  response.writeHead(200, { 'content-type': options.metrics.contentType }).end(text);
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body, (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
  });
  response.end(`${text}\n`);
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => reject(listenFailed({ host, port }, cause)));
    server.listen(port, host, () => resolve());
  });
}
