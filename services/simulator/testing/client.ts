// A minimal client for the simulator's own tests. In: the simulator and an account. Out: one socket, its frames in order, and waiting with a deadline.

import type { Simulator } from '../src/simulator.ts';
import { DEMO_ACCOUNT_ID } from '../src/scenario.ts';
import { fromJson } from '../src/socket/json.ts';
import { WebSocket } from 'ws';

export interface Frame {
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface TickFrame {
  readonly symbol: string;
  readonly bid: number;
  readonly ask: number;
  readonly last: number;
  readonly volume: number;
  /** Broker milliseconds: the time parsed as if its `Z` were true. */
  readonly brokerMs: number;
  readonly time: string;
}

/** Waits until `check` gives something other than undefined, null or false. */
export async function until<T>(what: string, check: () => T, deadlineMs = 5000): Promise<NonNullable<T>> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const found = check();
    if (found !== undefined && found !== null && found !== false) return found as NonNullable<T>;
    if (performance.now() > end) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

export class TestClient {
  readonly ws: WebSocket;
  /** Text frames that are JSON objects with a type, in order. */
  readonly frames: Frame[] = [];
  /** Everything else: raw text, or the bytes of a binary frame. */
  readonly oddities: (string | Buffer)[] = [];
  closed: { code: number; reason: string } | null = null;
  error: Error | null = null;
  /** What TCP reported; ws itself only says 1006. */
  socketError: Error | null = null;

  constructor(url: string) {
    this.ws = new WebSocket(url, { perMessageDeflate: false });
    this.ws.on('message', (data, binary) => this.#take(data as Buffer, binary));
    this.ws.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() };
    });
    this.ws.on('upgrade', ({ socket }) =>
      socket.on('error', (error) => {
        this.socketError = error;
      }),
    );
    this.ws.on('error', (error) => {
      this.error = error;
    });
  }

  async opened(): Promise<this> {
    await until('the socket opens', () => {
      if (this.error !== null) throw this.error;
      return this.ws.readyState === this.ws.OPEN;
    });
    return this;
  }

  request(body: Record<string, unknown>): void {
    this.ws.send(JSON.stringify(body));
  }

  /** Subscribes and waits for the acknowledgement. */
  async subscribe(topic: string, symbol?: string, timeframe?: string): Promise<Frame> {
    const answers = (): Frame[] =>
      this.frames.filter(
        ({ type, topic: of }) => (type === 'subscribed' || type === 'error') && of === topic,
      );
    const before = answers().length;
    this.request({ action: 'subscribe', topic, ...(symbol && { symbol }), ...(timeframe && { timeframe }) });
    return until(`${topic} ${symbol ?? ''} is answered`, () => answers()[before]);
  }

  of(type: string): Frame[] {
    return this.frames.filter((frame) => frame.type === type);
  }

  /** All tick frames, snapshots included. */
  ticks(): TickFrame[] {
    return this.of('tick').map((frame) => {
      const data = frame['data'] as Omit<TickFrame, 'brokerMs'>;
      return { ...data, brokerMs: Date.parse(data.time) };
    });
  }

  /** Tick frames without the first of each symbol, which is the snapshot when snapshots are plain. */
  liveTicks(): TickFrame[] {
    const seen = new Set<string>();
    return this.ticks().filter(({ symbol }) => {
      const known = seen.has(symbol);
      seen.add(symbol);
      return known;
    });
  }

  async end(): Promise<void> {
    if (this.closed === null) this.ws.close();
    await until('the socket closes', () => this.closed);
  }

  #take(data: Buffer, binary: boolean): void {
    if (binary) {
      this.oddities.push(data);
      return;
    }
    const text = data.toString();
    try {
      const parsed = JSON.parse(text) as Frame;
      if (typeof parsed.type === 'string') this.frames.push(parsed);
      else this.oddities.push(text);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      this.oddities.push(text);
    }
  }
}

/** A client on the account's socket, open. */
export function connect(simulator: Simulator, account = DEMO_ACCOUNT_ID): Promise<TestClient> {
  return new TestClient(socketUrl(simulator, account)).opened();
}

export function socketUrl(simulator: Simulator, account = DEMO_ACCOUNT_ID, key = 'fxs_ro_demo'): string {
  return `ws://${simulator.addr}/mt5/${account}/ws?api_key=${key}`;
}

/** GET under the account's base: status, text and parsed JSON if it is JSON. */
export async function get(
  simulator: Simulator,
  path: string,
  options: { key?: string | null; account?: string } = {},
): Promise<{ status: number; text: string; json: unknown }> {
  const { key = 'fxs_ro_demo', account = DEMO_ACCOUNT_ID } = options;
  const base = path.startsWith('/v1') ? '' : `/mt5/${account}`;
  const response = await fetch(`http://${simulator.addr}${base}${path}`, {
    headers: key === null ? {} : { 'X-API-Key': key },
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true && text !== '';
  return { status: response.status, text, json: isJson ? JSON.parse(text) : null };
}

/** Any request to the gateway, by the whole path. */
export async function call(
  simulator: Simulator,
  method: string,
  path: string,
  options: { key?: string | null; body?: string | null } = {},
): Promise<{ status: number; text: string; json: unknown; type: string }> {
  const { key = 'fxs_live_demo', body = null } = options;
  const response = await fetch(`http://${simulator.addr}${path}`, {
    method,
    redirect: 'manual',
    headers: {
      ...(key === null ? {} : { 'X-API-Key': key }),
      ...(body === null ? {} : { 'Content-Type': 'application/json' }),
    },
    ...(body === null ? {} : { body }),
  });
  const text = await response.text();
  const type = response.headers.get('content-type') ?? '';
  return { status: response.status, text, type, json: type.includes('json') ? fromJson(text) : null };
}
