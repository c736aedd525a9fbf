// The control API for tests and demonstrations: faults, rate, pause, clock, ledger, state. In: JSON over HTTP on a separate address, normally
// loopback. Out: JSON; the ledger and the true history as streamed NDJSON.
//
//   POST /__fx/fault  {kind, account?, …}        POST /__fx/pause  {deadlineMs?}     GET /__fx/state
//   POST /__fx/release {id?, kind?, account?}    POST /__fx/resume                   GET /__fx/ledger?account=&after=N
//   POST /__fx/rate   {ticksPerSecond}           POST /__fx/clock  {utc?, speed?, account?, rule?}
//   POST /__fx/emit   {symbol, count? | ticks?}                                      GET /__fx/quotes?account=
//   POST /__fx/revise {symbol, timeframe?, utc, change}        POST /__fx/requests/reset     GET /__fx/requests
//   POST /__fx/late-deal {account?, utc, symbol?, holdMs?, amount?}
//   POST /__fx/stop-listening {ms}
//   POST /__fx/inject {method?, path, status?, headers?, body?}                      GET /__fx/inject
//   GET  /__fx/bars?symbol=&timeframe=&from=&to=&account=      GET /__fx/deals?account=      GET /__fx/positions?account=

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { formatAddr, FxtapeError, HttpGuard, listenOn, parseListenAddr } from '@fxtape/ops';
import { z } from 'zod';
import { readBody } from './gateway/read-body.ts';
import type { FaultInput } from './faults/registry.ts';
import { TIMEFRAMES } from './history/timeframe.ts';
import type { Simulator } from './simulator.ts';
import { toJson } from './socket/json.ts';

const LINES_PER_WRITE = 500;
const MOST_BODY_BYTES = 4 << 20;

const releaseBody = z.strictObject({
  id: z.int().optional(),
  kind: z.string().optional(),
  account: z.string().optional(),
});
const rateBody = z.strictObject({ ticksPerSecond: z.number().nonnegative() });
const pauseBody = z.strictObject({ deadlineMs: z.int().positive().default(5000) });
const clockBody = z.strictObject({
  utc: z.iso.datetime().optional(),
  speed: z.number().positive().optional(),
  account: z.string().optional(),
  rule: z.string().optional(),
});
const emitBody = z.strictObject({
  symbol: z.string(),
  count: z.int().positive().max(1_000_000).optional(),
  ticks: z.array(z.strictObject({ bid: z.number(), ask: z.number() })).optional(),
});

const lateDealBody = z.strictObject({
  account: z.string().optional(),
  utc: z.iso.datetime(),
  symbol: z.string().optional(),
  holdMs: z.int().nonnegative().optional(),
  amount: z.number().optional(),
});
const reviseBody = z.strictObject({
  symbol: z.string(),
  timeframe: z.enum(TIMEFRAMES).optional(),
  utc: z.iso.datetime(),
  change: z
    .strictObject({
      open: z.number().optional(),
      high: z.number().optional(),
      low: z.number().optional(),
      close: z.number().optional(),
      tickVolume: z.int().positive().optional(),
      spread: z.int().nonnegative().optional(),
    })
    .nullable(),
});
const injectBody = z.strictObject({
  method: z.string().toUpperCase().default('GET'),
  path: z.string().startsWith('/'),
  status: z.int().min(200).max(599).default(200),
  headers: z.record(z.string(), z.string()).default({}),
  body: z.unknown().default(''),
});
const barsQuery = z.object({
  symbol: z.string(),
  timeframe: z.enum(TIMEFRAMES),
  from: z.iso.datetime().optional(),
  to: z.iso.datetime().optional(),
  account: z.string().optional(),
});

const stopListeningBody = z.strictObject({ ms: z.int().positive() });

type Post = (simulator: Simulator, body: unknown) => unknown;

const POST: ReadonlyMap<string, Post> = new Map<string, Post>([
  ['/__fx/fault', (simulator, body) => simulator.fault(body as FaultInput)],
  ['/__fx/release', (simulator, body) => ({ released: simulator.release(releaseBody.parse(body)) })],
  [
    '/__fx/rate',
    (simulator, body) => {
      simulator.setRate(rateBody.parse(body).ticksPerSecond);
      return simulator.state().source;
    },
  ],
  [
    '/__fx/pause',
    async (simulator, body) => {
      const flushed = await simulator.pause(pauseBody.parse(body).deadlineMs);
      return { flushed, ...simulator.state() };
    },
  ],
  [
    '/__fx/resume',
    (simulator) => {
      simulator.resume();
      return simulator.state().source;
    },
  ],
  [
    '/__fx/clock',
    (simulator, body) => {
      const { utc, speed, account, rule } = clockBody.parse(body);
      simulator.setClock({
        ...(utc === undefined ? {} : { utcMs: Date.parse(utc) }),
        ...(speed === undefined ? {} : { speed }),
        ...(account === undefined ? {} : { account }),
        ...(rule === undefined ? {} : { rule }),
      });
      return { nowUtc: simulator.state().nowUtc };
    },
  ],
  [
    '/__fx/emit',
    (simulator, body) => {
      const { symbol, count, ticks } = emitBody.parse(body);
      const wanted = ticks ?? Array.from({ length: count ?? 1 }, () => null);
      return { from: simulator.emit(symbol, wanted), count: wanted.length };
    },
  ],
  [
    '/__fx/revise',
    (simulator, body) => {
      const { utc, ...revision } = reviseBody.parse(body);
      return simulator.revise({ utcMs: Date.parse(utc), ...revision });
    },
  ],
  [
    '/__fx/requests/reset',
    (simulator) => {
      simulator.resetRequests();
      return {};
    },
  ],
  [
    '/__fx/inject',
    (simulator, body) => {
      simulator.inject(injectBody.parse(body));
      return { waiting: simulator.injected().length };
    },
  ],
  [
    '/__fx/stop-listening',
    async (simulator, body) => {
      await simulator.stopListening(stopListeningBody.parse(body).ms);
      return {};
    },
  ],
  [
    '/__fx/late-deal',
    async (simulator, body) => {
      const { utc, ...late } = lateDealBody.parse(body);
      return { deals: await simulator.lateDeal({ utcMs: Date.parse(utc), ...late }) };
    },
  ],
]);

type Lines = (simulator: Simulator, query: URLSearchParams) => Promise<Iterable<unknown>>;

/** Routes that answer NDJSON. */
const LINES: ReadonlyMap<string, Lines> = new Map<string, Lines>([
  [
    '/__fx/bars',
    async (simulator, query) => {
      const { from, to, ...of } = barsQuery.parse(Object.fromEntries(query));
      return simulator.truthBars({
        ...of,
        fromUtcMs: from === undefined ? Number.NEGATIVE_INFINITY : Date.parse(from),
        toUtcMs: to === undefined ? Number.POSITIVE_INFINITY : Date.parse(to),
      });
    },
  ],
  ['/__fx/deals', (simulator, query) => simulator.truthDeals(query.get('account') ?? undefined)],
  ['/__fx/positions', (simulator, query) => simulator.truthPositions(query.get('account') ?? undefined)],
]);

export class ControlServer {
  readonly #simulator: Simulator;
  readonly #server: Server;
  readonly #key: string | undefined;
  #guard: HttpGuard | null = null;
  #addr: string;

  /** `addr`: host:port. With a key, requests must carry it, as `X-Control-Key` or as bearer token. */
  constructor(simulator: Simulator, o: { readonly addr: string; readonly key?: string | undefined }) {
    this.#simulator = simulator;
    this.#addr = o.addr;
    this.#key = o.key;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        if (response.headersSent) response.destroy();
        else send(response, ...errorAnswer(error));
      });
    });
  }

  get addr(): string {
    return this.#addr;
  }

  /** Throws HTTP_ADDR_INVALID, HTTP_LISTEN_FAILED, API_TOKEN_REQUIRED. */
  async listen(): Promise<void> {
    this.#guard = new HttpGuard({
      addr: this.#addr,
      variable: 'FXTAPE_SIMULATOR_CONTROL_ADDR',
      token: this.#key,
      tokenVariable: 'FXTAPE_SIMULATOR_CONTROL_KEY',
    });
    const { host, port } = parseListenAddr(this.#addr);
    await listenOn(this.#server, { host, port });
    this.#addr = formatAddr({ host, port: (this.#server.address() as AddressInfo).port });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const key = request.headers['x-control-key'];
    if (typeof key === 'string') request.headers.authorization = `Bearer ${key}`;
    const refusal = this.#guard?.refusal(request) ?? null;
    if (refusal !== null) {
      const { code, context, hint, message } = refusal;
      return send(response, Number(context['status']), { code, message, hint });
    }
    const url = new URL(request.url ?? '/', 'http://control');
    const account = url.searchParams.get('account') ?? undefined;
    if (request.method === 'POST') {
      const post = POST.get(url.pathname);
      if (post === undefined) return send(response, 404, { code: 'NOT_FOUND' });
      return send(response, 200, await post(this.#simulator, await readJson(request)));
    }
    if (url.pathname === '/__fx/state') return send(response, 200, this.#simulator.state());
    if (url.pathname === '/__fx/inject') return send(response, 200, this.#simulator.injected());
    if (url.pathname === '/__fx/quotes') return send(response, 200, this.#simulator.quotes(account));
    if (url.pathname === '/__fx/requests') return send(response, 200, this.#simulator.requests());
    const lines = LINES.get(url.pathname);
    if (lines !== undefined) return stream(response, await lines(this.#simulator, url.searchParams), toJson);
    if (url.pathname !== '/__fx/ledger') return send(response, 404, { code: 'NOT_FOUND' });
    const ledger = this.#simulator.ledger(account, Number(url.searchParams.get('after') ?? 0));
    if (ledger === null)
      return send(response, 409, { code: 'LEDGER_COUNTS_ONLY', message: 'this scenario keeps only counts' });
    return stream(response, ledger, JSON.stringify);
  }
}

function stream(
  response: ServerResponse,
  lines: Iterable<unknown>,
  spell: (line: unknown) => string,
): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  return pipeline(Readable.from(inPieces(lines, spell)), response);
}

function* inPieces(lines: Iterable<unknown>, spell: (line: unknown) => string): Generator<string> {
  let piece: string[] = [];
  for (const line of lines) {
    piece.push(`${spell(line)}\n`);
    if (piece.length < LINES_PER_WRITE) continue;
    yield piece.join('');
    piece = [];
  }
  if (piece.length > 0) yield piece.join('');
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const text = await readBody(request, MOST_BODY_BYTES);
  return text === '' ? {} : JSON.parse(text);
}

function errorAnswer(error: unknown): [status: number, body: unknown] {
  if (error instanceof FxtapeError)
    return [400, { code: error.code, message: error.message, hint: error.hint }];
  if (error instanceof z.ZodError) return [400, { code: 'REQUEST_INVALID', message: z.prettifyError(error) }];
  if (error instanceof SyntaxError || error instanceof RangeError)
    return [400, { code: 'REQUEST_INVALID', message: error.message }];
  const message = error instanceof Error ? error.message : String(error);
  return [500, { code: 'INTERNAL', message }];
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${toJson(body)}\n`);
}
