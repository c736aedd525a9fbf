// The HTTP server of the gateway: `/v1`, the terminals' REST routes, and the upgrade to the account's one socket. In: requests. Out: answers of the
// account's terminal, or those of a fault or a canned reply.

import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { formatAddr, isLoopback, isOfThisMachine, listenOn, parseListenAddr } from '@fxtape/ops';
import { WebSocketServer } from 'ws';
import { delayed } from '../faults/outage.ts';
import type { KeySpec } from '../scenario.ts';
import { toJson } from '../socket/json.ts';
import type { RestFault, Disturbance } from '../conditions.ts';
import {
  notFound,
  readOnly,
  type RestAnswer,
  terminalDown,
  unauthorized,
  v1Failed,
  validation,
} from '../answers/envelope.ts';
import type { GatewaySource, ServedAccount } from './gateway-source.ts';
import { Injected } from './injected.ts';
import { Keys } from './keys.ts';
import type { Management } from './management.ts';
import { readBody } from './read-body.ts';
import { RequestCounts } from './request-counts.ts';
import { isTrading } from './trading-routes.ts';

const MOST_BODY_BYTES = 1 << 20;
const TOO_LARGE = 'the body is too large';

/** `/mt5/{id}/rest`, or `/{id}/rest` as on a private server. */
const TERMINAL_PATH = /^(?:\/mt[45])?\/([0-9a-f-]{36})(\/.*)?$/;

export class Gateway<A extends ServedAccount> {
  readonly #source: GatewaySource<A>;
  readonly #keys: Keys;
  readonly #server: Server;
  readonly #webSockets: WebSocketServer;
  readonly #sockets = new Set<Socket>();
  readonly #management: Management<A>;
  readonly #onError: (error: unknown) => void;
  #refusing: NodeJS.Timeout | null = null;
  #onLoopback = false;
  /** Statistics of REST requests. */
  readonly requests: RequestCounts;
  /** Waiting canned replies. */
  readonly injected = new Injected();

  constructor(
    source: GatewaySource<A>,
    options: {
      keys: readonly KeySpec[];
      management: Management<A>;
      monoMs: () => number;
      onError: (error: unknown) => void;
    },
  ) {
    const { keys, management, monoMs, onError } = options;
    this.#source = source;
    this.#onError = onError;
    this.#management = management;
    this.requests = new RequestCounts(monoMs);
    this.#keys = new Keys(keys);
    this.#webSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 1 << 20 });
    this.#server = createServer((request, response) => {
      this.#onRequest(request, response).catch((error: unknown) => {
        response.destroy();
        onError(error);
      });
    });
    this.#server.on('upgrade', (request, socket: Duplex, head) =>
      this.#onUpgrade(request, socket as Socket, head),
    );
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  /** Listens on `host:port` (0 for any) and returns the address in use. Throws HTTP_ADDR_INVALID, HTTP_LISTEN_FAILED. */
  async listen(addr: string): Promise<string> {
    const { host, port } = parseListenAddr(addr);
    this.#onLoopback = isLoopback(host);
    await listenOn(this.#server, { host, port });
    return formatAddr({ host, port: (this.#server.address() as AddressInfo).port });
  }

  /** Refuses connections for this long, like a host on which nothing listens; open ones are cut. */
  async stopListening(ms: number): Promise<void> {
    const { address, port } = this.#server.address() as AddressInfo;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    this.#refusing = setTimeout(() => {
      this.#refusing = null;
      listenOn(this.#server, { host: address, port }).catch(this.#onError);
    }, ms);
  }

  /** Closes every client's socket, then cuts the remaining connections. */
  async close(): Promise<void> {
    if (this.#refusing !== null) clearTimeout(this.#refusing);
    for (const { connection } of this.#source.accounts) connection?.close(1001, 'going away', 'shutdown');
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    const deadline = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, 300);
    await closed;
    clearTimeout(deadline);
    this.#webSockets.close();
  }

  /** Everybody knows the simulator's keys, so any web page could take its socket or trade on its paper account. */
  #isForeign({ headers }: IncomingMessage): boolean {
    return this.#onLoopback && !isOfThisMachine(headers);
  }

  #accountAt(path: string): { served: A; rest: string } | null {
    const match = TERMINAL_PATH.exec(path);
    const served = this.#source.accounts.find(({ account }) => account.id === match?.[1]);
    return served === undefined ? null : { served, rest: match?.[2] ?? '/' };
  }

  async #onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.#isForeign(request)) return send(response, unauthorized);
    const url = new URL(request.url ?? '/', 'http://gateway');
    const at = this.#accountAt(url.pathname);
    if (at !== null) {
      const end = this.requests.begin(at.served.account.id, at.rest, url.search);
      // An answer that was broken off has no reliable status.
      response.once('close', () => end(response.writableFinished ? response.statusCode : 0));
    }
    const method = request.method ?? 'GET';
    const canned = this.injected.take(method, url.pathname);
    if (canned !== null) return send(response, canned);
    const fault = this.#restFault(at?.served ?? null, url.pathname);
    if (fault !== null) return sendFault(response, fault);
    const disturbance = this.#disturbance(at?.served ?? null);
    if (disturbance !== null && 'answer' in disturbance) return send(response, disturbance.answer);
    if (disturbance !== null && 'connection' in disturbance) {
      if (disturbance.connection === 'reset') request.socket.resetAndDestroy();
      return;
    }
    const breakOff = await delayed(disturbance);
    const answer = await this.#answer(request, url, at);
    send(response, breakOff ? { ...answer, breakOff } : answer);
  }

  async #answer(
    request: IncomingMessage,
    url: URL,
    at: { served: A; rest: string } | null,
  ): Promise<RestAnswer> {
    const host = request.headers.host ?? 'localhost';
    const method = request.method ?? 'GET';
    const key = this.#keys.ofRequest(request, url);
    if (url.pathname.startsWith('/v1/')) {
      const body = await bodyOf(request);
      if (body === null) return v1Failed(400, 'invalid', TOO_LARGE);
      return this.#management.answer({ method, path: url.pathname.slice(3), key, host, body });
    }
    if (at === null) return notFound;
    const { served, rest } = at;
    if (served.conditions.restarting !== null) return terminalDown;
    const base = `http://${host}${url.pathname.slice(0, url.pathname.length - rest.length)}`;
    const open = method === 'GET' ? await this.#source.open(served, rest, base) : null;
    if (open !== null) return open;
    if (key === null || !key.reaches(served.account.id)) return unauthorized;
    if (method === 'POST' && isTrading(rest)) {
      if (key.readOnly) return readOnly();
      const body = await bodyOf(request);
      return body === null ? validation(TOO_LARGE) : this.#source.trade(served, rest, body);
    }
    return method === 'GET' ? this.#source.read(served, rest, url.searchParams) : notFound;
  }

  #onUpgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    if (this.#isForeign(request)) return refuse(socket, unauthorized);
    const url = new URL(request.url ?? '/', 'http://gateway');
    const at = this.#accountAt(url.pathname);
    if (at === null || at.rest !== '/ws') return refuse(socket, notFound);
    const { served } = at;
    const disturbance = served.conditions.disturb?.() ?? null;
    if (disturbance !== null && 'answer' in disturbance && disturbance.answer.status >= 400)
      return refuse(socket, disturbance.answer);
    if (disturbance !== null && 'connection' in disturbance) {
      if (disturbance.connection === 'reset') socket.resetAndDestroy();
      return;
    }
    const key = this.#keys.find(url.searchParams.get('api_key'));
    if (key === null || !key.reaches(served.account.id)) return refuse(socket, unauthorized);
    const { refuseUpgrade, restarting } = served.conditions;
    if (refuseUpgrade !== null && refuseUpgrade.remaining !== 0) {
      if (refuseUpgrade.remaining !== null) refuseUpgrade.remaining--;
      return refuse(socket, { ...terminalDown, status: refuseUpgrade.status });
    }
    if (restarting !== null) return refuse(socket, terminalDown);
    this.#webSockets.handleUpgrade(request, socket, head, (ws) => served.attach(ws, socket));
  }

  #disturbance(served: A | null): Disturbance | null {
    for (const { conditions } of served === null ? this.#source.accounts : [served]) {
      const drawn = conditions.disturb?.() ?? null;
      if (drawn !== null) return drawn;
    }
    return null;
  }

  /** The first matching fault, used once. For `/v1` any account's fault matches. */
  #restFault(served: A | null, path: string): RestFault | null {
    for (const { conditions } of served === null ? this.#source.accounts : [served]) {
      const fault = conditions.rest.find((one) => one.remaining !== 0 && path.endsWith(one.path));
      if (fault === undefined) continue;
      if (fault.remaining !== null) fault.remaining--;
      return fault;
    }
    return null;
  }
}

/** The body as text; null when it is too large or the client disconnected. */
async function bodyOf(request: IncomingMessage): Promise<string | null> {
  try {
    return await readBody(request, MOST_BODY_BYTES);
  } catch (error) {
    if (error instanceof RangeError || request.destroyed) return null;
    throw error;
  }
}

function send(response: ServerResponse, answer: RestAnswer): void {
  const { body: given } = answer;
  if (answer.status === 204) {
    response.writeHead(204, answer.headers).end();
    return;
  }
  const body = typeof given === 'string' || given instanceof Uint8Array ? given : toJson(given);
  response.writeHead(answer.status, {
    'content-type': answer.contentType ?? 'application/json',
    'content-length': Buffer.byteLength(body),
    ...answer.headers,
  });
  if (answer.breakOff !== true) {
    response.end(body);
    return;
  }
  const half = Buffer.from(body).subarray(0, Math.ceil(Buffer.byteLength(body) / 2));
  response.write(half, () => (response.socket as Socket | null)?.resetAndDestroy());
}

async function sendFault(response: ServerResponse, fault: RestFault): Promise<void> {
  if (fault.delayMs > 0) await wait(fault.delayMs);
  const body = Buffer.from(fault.body);
  response.writeHead(fault.status, {
    ...fault.headers,
    'content-length': body.length,
  });
  if (fault.truncateBytes === null) {
    response.end(body);
    return;
  }
  response.write(body.subarray(0, fault.truncateBytes), () => response.destroy());
}

/** Answers an upgrade with a plain HTTP status and closes. */
function refuse(socket: Socket, answer: RestAnswer): void {
  const body = typeof answer.body === 'string' ? answer.body : toJson(answer.body);
  socket.on('error', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? 'Refused'}\r\nConnection: close\r\n` +
      `Content-Type: ${answer.contentType ?? 'application/json'}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
