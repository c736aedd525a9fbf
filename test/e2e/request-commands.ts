// What the tests of the request builder's commands share: a gateway that notes what it was asked, and the console in front of it.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, type Service, startService } from '@fxtape/testkit';

export const KEY = 'fxs_ro_abcdef_commands';
export const ID = '0f9c2d4e-6a1b-4c3d-8e5f-7a9b0c1d2e3f';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: Record<string, string>;
  readonly body: string;
  readonly key: string | undefined;
}

const account = {
  id: ID,
  nickname: 'n',
  platform: 'mt5',
  server: 'S',
  login: 1,
  status: 'connected',
  created_at: '2026-06-22T16:53:56Z',
};
const result = {
  success: true,
  outcome: 'applied',
  retcode: 10009,
  retcodeDescription: 'Request completed',
  deal: 1,
  order: 2,
  volume: 0.1,
  price: 1.1,
  bid: 1.1,
  ask: 1.1,
  comment: '',
};
const calculated = { symbol: 'A', operation: 'Buy', volume: 1, currency: 'USD' };
/** Beside what the clients know: a parameter, a route with a part that varies, and one with a body. */
const DOCUMENT = {
  openapi: '3.0.3',
  info: { title: 'Noting gateway', version: '1' },
  paths: {
    '/getQuote': { get: { parameters: [{ name: 'limit', in: 'query', schema: { type: 'integer' } }] } },
    '/Depth/{level}': { get: { parameters: [{ name: 'level', in: 'path', schema: { type: 'string' } }] } },
    '/Alert': {
      post: {
        requestBody: {
          content: {
            'application/json': {
              schema: {
                properties: {
                  text: { type: 'string' },
                  rows: { type: 'array' },
                  loud: { type: 'boolean' },
                  big: { type: 'integer' },
                },
              },
            },
          },
        },
      },
    },
  },
};
const ANSWERS: Readonly<Record<string, unknown>> = {
  '/getQuote': { symbol: 'A', bid: 1, ask: 2, time: '2026-06-22T16:53:56Z', last: 0, volume: 0 },
  '/api-doc/openapi.json': DOCUMENT,
  '/Depth/a b': {},
  '/Alert': {},
  '/PriceHistory': [],
  '/QuoteTicks': [],
  '/OrderHistory': [],
  '/OrderCalcMargin': { ...calculated, price: 1, margin: 1 },
  '/OrderCalcProfit': { ...calculated, priceOpen: 1, priceClose: 2, profit: 1 },
  '/OrderSend': result,
  '/OrderModify': result,
  '/OrderClose': result,
  '/CloseAll': { requested: 0, closed: 0, failed: 0, results: [] },
};

export class NotingGateway {
  readonly asked: Asked[] = [];
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://gateway');
      const key = request.headers['x-api-key'];
      const method = request.method ?? '';
      const noted = {
        method,
        path: decodeURIComponent(url.pathname),
        query: Object.fromEntries(url.searchParams),
        body: Buffer.concat(chunks).toString('utf8'),
        key: Array.isArray(key) ? key.join() : key,
      };
      this.asked.push(noted);
      if (method === 'DELETE') return response.writeHead(204).end();
      const name = noted.path.replace(`/mt5/${ID}`, '');
      const value = name.startsWith('/v1/accounts') ? account : ANSWERS[name];
      response.writeHead(value === undefined ? 404 : 200, { 'content-type': 'application/json' });
      return response.end(JSON.stringify(value ?? { error: 'none', message: 'nothing here' }));
    });
  });

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What was asked since the last call, without what the console itself asks. */
  take(): Asked[] {
    return this.asked.splice(0);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export interface ConsolePage {
  readonly service: Service;
  readonly url: string;
}

/** A console that knows the account `one` of a gateway. */
export async function startConsole(o: {
  dir: string;
  gateway: string;
  key?: string;
  token?: string;
}): Promise<ConsolePage> {
  const config = join(o.dir, 'fxtape.yaml');
  writeFileSync(config, `accounts: [{ name: one, id: ${ID}, market_data: { symbols: ["*"] } }]\n`);
  const addr = `127.0.0.1:${await freePort()}`;
  const service = await startService('console', {
    dataDir: o.dir,
    env: {
      FXTAPE_CONFIG: config,
      FXTAPE_HTTP_ADDR: addr,
      FXSOCKET_BASE_URL: o.gateway,
      FXSOCKET_API_KEY: o.key ?? KEY,
      QDB_CLIENT_CONF: 'http::addr=127.0.0.1:9;',
      REDIS_URL: 'redis://127.0.0.1:9',
      ...(o.token === undefined ? {} : { FXTAPE_API_TOKEN: o.token }),
    },
  });
  return { service, url: `http://${addr}` };
}

export interface SpelledCommands {
  readonly shell: string;
  readonly typescript: string;
  readonly python: string;
}

/** @throws Error when the console finds something wrong. */
export async function commandsOf(
  url: string,
  endpoint: string,
  values: Readonly<Record<string, string>>,
): Promise<SpelledCommands> {
  const answer = await fetch(`${url}/request/commands`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ account: 'one', endpoint, values }),
  });
  const said = (await answer.json()) as { commands: SpelledCommands | null };
  if (answer.status !== 200 || said.commands === null)
    throw new Error(`${endpoint} ${JSON.stringify(values)}: ${JSON.stringify(said)}`);
  return said.commands;
}
