import { demoConfig } from '@fxtape/config';
import type { QueueReport } from '@fxtape/jobs';
import { createLog, FxtapeError, HttpGuard, Metrics } from '@fxtape/ops';
import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, test } from 'vitest';
import { createApp } from './app.ts';
import type { CollectorState } from './collector-state.ts';
import type { GapSource } from './gap-source.ts';
import { GatewayAccounts } from './request-builder/accounts.ts';
import { sampleAccount, sampleState } from '../testing/sample-state.ts';
import type { AccountClock, Gap, GapsQuery } from './schemas.ts';

const TOKEN = 'a-token-for-this-test';
const guardOf = (token?: string, addr = '127.0.0.1:7070') =>
  new HttpGuard({ addr, variable: 'FXTAPE_HTTP_ADDR', token });
const gap: Gap = {
  gap_id: 'g1',
  outage_id: 'o1',
  account: 'demo',
  feed: 'demo',
  symbol: null,
  stream: 'ticks',
  timeframe: null,
  ts_from: '2026-11-23T08:00:00.000000Z',
  ts_to: null,
  cause: 'disconnect',
  state: 'open',
  rows_healed: null,
  missing_estimate: null,
  evidence: null,
  ts_updated: '2026-11-23T08:00:01.000000Z',
};

const clock: AccountClock = {
  account: 'demo',
  server: 'Demo',
  rule: 'America/New_York+7h',
  confidence: 'provisional',
  decided_at: '2026-11-23T08:00:00.000000Z',
  pieces: [{ valid_from: null, rule: 'America/New_York+7h' }],
  settles: ['the days from 2027-03-14 on, when America/New_York+7h and Europe/Athens differ'],
  evidence: { weeks: 0 },
  decisions: [],
};

const noRedis = (): never => {
  throw new FxtapeError({
    code: 'QUEUE_UNREACHABLE',
    message: 'no Redis',
    hint: 'Start it',
  });
};

let app: FastifyInstance;
let asked: GapsQuery[];
let lines: string[];
let readyAsked: number;
let nowMs: number;
afterEach(() => app.close());

async function start(
  options: {
    token?: string;
    addr?: string;
    state?: CollectorState | FxtapeError;
    questdb?: FxtapeError;
    jobs?: QueueReport | 'gone';
    gapsFail?: Error;
  } = {},
) {
  asked = [];
  lines = [];
  readyAsked = 0;
  nowMs = 0;
  const gaps: GapSource = {
    gaps: async (query) => {
      asked.push(query);
      if (options.gapsFail) throw options.gapsFail;
      return { gaps: [gap], truncated: false };
    },
    outages: async () => ({ outages: [], truncated: false }),
    ping: async () => {
      readyAsked++;
      if (options.questdb) throw options.questdb;
    },
  };
  app = await createApp({
    collector: async () => {
      const state = options.state ?? sampleState();
      if (state instanceof FxtapeError) throw state;
      return state;
    },
    gaps,
    clocks: async () => [clock],
    jobs: {
      report: async () =>
        options.jobs === 'gone' ? noRedis() : (options.jobs ?? { planRequests: 0, accounts: [] }),
      boardQueues: async () => noRedis(),
    },
    accounts: new GatewayAccounts({
      config: async () => demoConfig({ simulatorUrl: 'http://127.0.0.1:9' }),
      keyOf: () => undefined,
      baseUrl: 'http://127.0.0.1:9',
    }),
    metrics: new Metrics(),
    log: createLog({ service: 'console', pretty: false, write: (line) => lines.push(line) }),
    guard: guardOf(options.token, options.addr),
    monoMs: () => nowMs,
  });
  return (url: string, headers: Record<string, string> = {}) =>
    app.inject({ url, headers: { host: '127.0.0.1:7070', ...headers } });
}

const GUARDED = [
  '/metrics',
  '/api/streams',
  '/api/clocks',
  '/api/jobs',
  '/api/gaps',
  '/api/outages',
  '/api/openapi.json',
];
const unreachable = new FxtapeError({
  code: 'QDB_UNREACHABLE',
  message: 'nobody listens',
  hint: 'Start it',
});

describe('who may read', () => {
  test('with a token: exactly that token, on everything but the probes', async () => {
    const get = await start({ token: TOKEN });
    for (const path of GUARDED) {
      expect((await get(path)).statusCode).toBe(401);
      for (const wrong of [
        `Bearer ${TOKEN}x`,
        `Bearer ${TOKEN.slice(1)}`,
        'Bearer',
        'Bearer  ',
        TOKEN,
        `Basic ${TOKEN}`,
      ]) {
        const answer = await get(path, { authorization: wrong });
        expect(answer.statusCode).toBe(401);
        expect(answer.body).not.toContain(TOKEN);
      }
      expect((await get(path, { authorization: `Bearer ${TOKEN}` })).statusCode).toBe(200);
      expect((await get(`${path}?api_token=${TOKEN}&token=${TOKEN}`)).statusCode).toBe(401);
    }
    expect((await get('/healthz')).statusCode).toBe(200);
    expect((await get('/readyz')).statusCode).toBe(200);
  });

  test('the front page leads to what there is, and tells nothing itself', async () => {
    const page = await (await start({ token: TOKEN }))('/');
    expect(page.statusCode).toBe(200);
    const paths = [...page.body.matchAll(/href="([^"]+)"/g)].map(([, path]) => path);
    expect(paths).toEqual(expect.arrayContaining(GUARDED));
    const get = await start();
    for (const path of paths) expect((await get(path as string)).statusCode, path).not.toBe(404);
  });

  test('without a token: loopback names only', async () => {
    const get = await start();
    for (const path of GUARDED) {
      expect((await get(path, { host: 'evil.example:7070' })).statusCode).toBe(403);
      for (const host of ['localhost:7070', '[::1]:7070', '127.0.0.1'])
        expect((await get(path, { host })).statusCode).toBe(200);
    }
  });

  test('the probes tell reasons to whom the guard knows, and are asked of the collector once', async () => {
    const reasons = ['QuestDB: nobody listens'];
    let get = await start({ token: TOKEN, questdb: unreachable });
    expect((await get('/readyz', { host: 'evil.example' })).json()).toEqual({ ready: false });
    expect((await get('/readyz')).json()).toMatchObject({ ready: false, reasons });
    await app.close();
    get = await start({ token: TOKEN, questdb: unreachable, addr: '0.0.0.0:7070' });
    expect((await get('/readyz')).json()).toEqual({ ready: false });
    const authorization = `Bearer ${TOKEN}`;
    expect((await get('/readyz', { authorization })).json()).toMatchObject({ ready: false, reasons });
    for (let i = 0; i < 20; i++) await Promise.all([get('/readyz'), get('/readyz')]);
    expect(readyAsked).toBe(1);
    nowMs += 500;
    await get('/readyz');
    expect(readyAsked).toBe(2);
  });
});

describe('readiness', () => {
  test('503 with the reasons', async () => {
    const get = await start({
      state: sampleState(
        sampleAccount({ ready: false, reasons: ['contended (somebody else uses the socket)'] }),
      ),
      questdb: unreachable,
    });
    const answer = await get('/readyz');
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toEqual({
      ready: false,
      reasons: ['QuestDB: nobody listens', 'demo: contended (somebody else uses the socket)'],
      remarks: [],
    });
    expect((await get('/healthz')).statusCode).toBe(200);
    expect((await get('/metrics')).body).toContain('fxtape_ready 0');
  });

  test('200 with remarks', async () => {
    const get = await start({
      state: sampleState(sampleAccount({ remarks: ['the broker does not list X ticks'] })),
    });
    const answer = await get('/readyz');
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({ ready: true, remarks: ['demo: the broker does not list X ticks'] });
  });
});

describe('answers', () => {
  test('streams, flat, with microseconds', async () => {
    const get = await start({ state: sampleState(sampleAccount(), sampleAccount({ account: 'b' })) });
    const answer = (await get('/api/streams?account=demo')).json<{
      accounts: unknown[];
      streams: { ts_last_recv: string }[];
    }>();
    expect(answer.accounts).toHaveLength(1);
    expect(answer.streams).toHaveLength(2);
    expect(answer.streams[0]?.ts_last_recv).toBe('2026-11-23T10:53:54.123456Z');
  });

  test('a collector that does not answer is 503, not an empty list', async () => {
    const gone = new FxtapeError({
      code: 'COLLECTOR_NOT_RUNNING',
      message: 'it is not running',
      hint: 'Start it',
    });
    const answer = await (await start({ state: gone }))('/api/streams');
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toEqual({
      code: 'COLLECTOR_NOT_RUNNING',
      message: 'it is not running',
      hint: 'Start it',
    });
  });

  test('gaps pass their filters on', async () => {
    const get = await start();
    const answer = await get(
      '/api/gaps?open=true&account=demo&symbol=EURUSD&stream=ticks&from=2026-11-01&to=2026-11-23T08:00:00Z&limit=7',
    );
    expect(answer.json()).toEqual({ gaps: [gap], truncated: false });
    expect(asked).toEqual([
      {
        open: 'true',
        account: 'demo',
        symbol: 'EURUSD',
        stream: 'ticks',
        from: '2026-11-01',
        to: '2026-11-23T08:00:00Z',
        limit: 7,
      },
    ]);
  });

  test.for([
    ['limit=0', /limit/],
    ['limit=1.5', /limit must be a whole number/],
    ['limit=20000', /limit/],
    ['open=1', /open must be true or false/],
    ['from=yesterday', /from must be a date/],
    ['from=2026-13-45', /from must be a date/],
    ['from=2300-01-01', /from must be a date .* up to 2200/],
    ['to=1900-01-01', /to must be a date .* from 1970/],
    ['stream=quotes', /stream/],
    ['symbl=EURUSD', /"symbl" is not a parameter/],
    ['account=', /account/],
    ['limit=1&limit=2', /limit/],
  ] as const)('%s is refused with a sentence', async ([query, sentence]) => {
    const answer = await (await start())(`/api/gaps?${query}`);
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ code: 'QUERY_INVALID', message: expect.stringMatching(sentence) });
    expect(asked).toEqual([]);
  });

  test('a database that may not decide is 503 with its code', async () => {
    const suspended = new FxtapeError({
      code: 'QDB_SUSPENDED',
      message: 'gap_events is suspended',
      hint: 'Resume it',
    });
    const answer = await (await start({ gapsFail: suspended }))('/api/gaps');
    expect([answer.statusCode, answer.json()]).toEqual([
      503,
      { code: 'QDB_SUSPENDED', message: 'gap_events is suspended', hint: 'Resume it' },
    ]);
  });

  test('an error nobody foresaw tells nothing outside and everything in the log', async () => {
    const answer = await (await start({ gapsFail: new Error('inner detail') }))('/api/gaps');
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([500, 'INTERNAL']);
    expect(answer.body).not.toContain('inner detail');
    expect(lines.join('')).toContain('inner detail');
  });

  test('unknown paths and methods', async () => {
    const get = await start();
    expect((await get('/api/nothing')).json()).toMatchObject({ code: 'NOT_FOUND' });
    expect(
      (await app.inject({ method: 'POST', url: '/api/gaps', headers: { host: 'localhost' } })).statusCode,
    ).toBe(404);
  });
});

describe('OpenAPI', () => {
  test('describes every route with the schemas that are in use', async () => {
    type Doc = {
      openapi: string;
      paths: Record<
        string,
        {
          get: {
            parameters?: { name: string; required?: boolean }[];
            responses: Record<string, { content?: Record<string, { schema: { properties: object } }> }>;
            security?: unknown[];
          };
        }
      >;
    };
    const doc = (await (await start())('/api/openapi.json')).json<Doc>();
    expect(doc.openapi).toMatch(/^3\./);
    expect(Object.keys(doc.paths).sort()).toEqual([
      '/api/clocks',
      '/api/gaps',
      '/api/jobs',
      '/api/outages',
      '/api/streams',
      '/healthz',
      '/metrics',
      '/readyz',
    ]);
    const gaps = doc.paths['/api/gaps']?.get;
    expect(gaps?.parameters?.map((parameter) => parameter.name)).toEqual([
      'open',
      'account',
      'symbol',
      'stream',
      'from',
      'to',
      'limit',
    ]);
    expect(gaps?.parameters?.some((parameter) => parameter.required)).toBe(false);
    expect(
      Object.keys(gaps?.responses['200']?.content?.['application/json']?.schema.properties ?? {}),
    ).toEqual(['gaps', 'truncated']);
    expect(doc.paths['/readyz']?.get.security).toEqual([]);
    expect(JSON.stringify(doc)).not.toMatch(/"\$schema"|~standard/);
  });
});

test('clocks: how sure a rule is, and what would settle it', async () => {
  const get = await start();
  expect((await get('/api/clocks')).json()).toEqual({ accounts: [clock] });
  expect((await get('/api/clocks?account=other')).json()).toEqual({ accounts: [] });
});

describe('jobs', () => {
  const report: QueueReport = {
    planRequests: 1,
    accounts: [
      {
        account: 'demo',
        waiting: 7,
        active: 2,
        delayed: 1,
        failed: 1,
        oldestWaitingMs: 1500,
        budget: {
          limits: { minConcurrency: 1, maxConcurrency: 3 },
          slots: 2,
          level: 2.2,
          reason: 'slow',
          decidedMs: 1,
        },
        heldMs: 0,
        away: { sinceMs: 1_800_000_000_000, endedMs: null, line: 'FXSOCKET_UNAUTHORIZED: no', alone: true },
        workers: 2,
        failures: [{ id: 'bars-1', name: 'bars', line: 'X: no', failedMs: 1_800_000_000_000, attempts: 3 }],
      },
    ],
  };

  test('what waits, account by account', async () => {
    const get = await start({ jobs: report });
    const answer = await get('/api/jobs?account=demo');
    expect(answer.json()).toEqual({
      plan_requests: 1,
      accounts: [
        {
          account: 'demo',
          waiting: 7,
          active: 2,
          delayed: 1,
          failed: 1,
          oldest_waiting_ms: 1500,
          workers: 2,
          held_ms: 0,
          away: {
            since: '2027-01-15T08:00:00.000000Z',
            until: null,
            line: 'FXSOCKET_UNAUTHORIZED: no',
          },
          budget: { requests: 2, at_most: 3, reason: 'slow' },
          failures: [
            { id: 'bars-1', job: 'bars', line: 'X: no', at: '2027-01-15T08:00:00.000000Z', attempts: 3 },
          ],
        },
      ],
    });
    expect((await get('/api/jobs?account=other')).json()).toMatchObject({ accounts: [] });
    expect((await get('/api/jobs?who=me')).statusCode).toBe(400);
  });

  test('without Redis: 503 with a code, the rest goes on', async () => {
    const get = await start({ jobs: 'gone' });
    for (const url of ['/api/jobs', '/queues', '/queues/api/queues']) {
      const answer = await get(url);
      expect([url, answer.statusCode, answer.json().code]).toEqual([url, 503, 'QUEUE_UNREACHABLE']);
    }
    expect((await get('/api/gaps')).statusCode).toBe(200);
    expect((await get('/readyz')).statusCode).toBe(200);
  });

  test('the board opens with the token once, and then with its cookie', async () => {
    const get = await start({ token: TOKEN });
    for (const url of [
      '/queues',
      '/queues/',
      '/queues/api/queues',
      '/queues/queue/planner',
      '/queues?token=wrong',
    ]) {
      expect([url, (await get(url)).statusCode]).toEqual([url, 401]);
    }
    const opened = await get(`/queues?token=${TOKEN}`);
    expect([opened.statusCode, opened.headers.location]).toEqual([303, '/queues']);
    const cookie = String(opened.headers['set-cookie']);
    expect(cookie).toMatch(/; Path=\/queues; HttpOnly; SameSite=Strict$/);
    expect(cookie).not.toContain(TOKEN);
    const pair = cookie.split(';')[0] ?? '';
    // Admitted: what is missing is Redis.
    expect((await get('/queues/api/queues', { cookie: `a=b; ${pair}` })).statusCode).toBe(503);
    expect((await get('/queues', { authorization: `Bearer ${TOKEN}` })).statusCode).toBe(503);
    expect((await get('/queues', { cookie: `${pair}x` })).statusCode).toBe(401);
    // It is valid for this page only.
    expect((await get('/api/jobs', { cookie: pair })).statusCode).toBe(401);
    expect(lines.join('')).not.toContain(TOKEN);
  });

  test('nothing can be changed on the board, and it talks to nobody else', async () => {
    await start();
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const) {
      const answer = await app.inject({
        method,
        url: '/queues/api/queues/pause',
        headers: { host: '127.0.0.1:7070' },
      });
      expect([method, [404, 405].includes(answer.statusCode)]).toEqual([method, true]);
    }
    const pause = await app.inject({
      method: 'PUT',
      url: '/queues/api/queues/planner/pause',
      headers: { host: '127.0.0.1:7070' },
    });
    expect([pause.statusCode, pause.json().code]).toEqual([405, 'QUEUES_READ_ONLY']);
    expect(pause.headers['content-security-policy']).toContain("default-src 'none'");
    const foreign = await app.inject({ url: '/queues', headers: { host: 'evil.example' } });
    expect(foreign.statusCode).toBe(403);
  });
});
