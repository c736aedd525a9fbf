// The small HTTP port that every service has. In: a function that tells whether the service does its work, its metrics, and JSON
// documents to show (`/state`). Out: `/healthz` (the process runs), `/readyz` (200, or 503 with the reasons), `/metrics`, and the
// documents. Everything but the first two is behind the guard of every port (`http-guard.ts`), and `/readyz` keeps its reasons to those whom
// that lets in.
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FxtapeError } from './errors/fxtape-error.ts';
import { HttpGuard } from './http-guard.ts';
import { formatAddr, listenOn, parseListenAddr } from './listen-addr.ts';
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
  /** Required beyond loopback. */
  readonly token?: string | undefined;
}

export interface HealthServer {
  /** The address in use, `host:port`. */
  readonly addr: string;
  /** A token that is valid until this process ends. It goes into the run file, which only this user can read. */
  readonly pass: string;
  close(): Promise<void>;
}

/** @throws HTTP_ADDR_INVALID, HTTP_LISTEN_FAILED, API_TOKEN_REQUIRED. */
export async function startHealthServer(options: HealthServerOptions): Promise<HealthServer> {
  const { addr, token } = options;
  const { host, port } = parseListenAddr(addr);
  const pass = randomBytes(24).toString('base64url');
  const guard = new HttpGuard({ addr, variable: 'FXTAPE_HEALTH_ADDR', token, pass });
  const server = createServer((request, response) => {
    answer({ ...options, guard }, request, response).catch((error: unknown) => {
      const code = error instanceof FxtapeError ? error.code : 'INTERNAL';
      const message = error instanceof FxtapeError ? error.message : 'the document could not be generated';
      send(response, 500, { code, message });
    });
  });
  await listenOn(server, { host, port });
  const bound = server.address() as AddressInfo;
  return {
    addr: formatAddr({ host, port: bound.port }),
    pass,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  options: HealthServerOptions & { readonly guard: HttpGuard },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return send(response, 405, { code: 'METHOD_NOT_ALLOWED' });
  const path = new URL(request.url ?? '/', 'http://service').pathname;
  if (path === '/healthz') return send(response, 200, { status: 'up' });
  if (path === '/readyz') {
    const readiness = await options.ready();
    const told = options.guard.tellsReasons(request) ? readiness : { ready: readiness.ready };
    return send(response, readiness.ready ? 200 : 503, told);
  }
  const refusal = options.guard.refusal(request);
  if (refusal !== null) {
    const status = Number(refusal.context['status']);
    if (status === 401) response.setHeader('www-authenticate', 'Bearer');
    return send(response, status, { code: refusal.code, message: refusal.message, hint: refusal.hint });
  }
  const document = Object.hasOwn(options.json ?? {}, path) ? options.json?.[path] : undefined;
  if (path !== '/metrics' && document === undefined) return send(response, 404, { code: 'NOT_FOUND' });
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
