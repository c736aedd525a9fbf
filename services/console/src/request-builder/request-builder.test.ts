// The page over HTTP, against a small gateway: who may open it, what it tells, what it runs and what it never does.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseConfig } from '@fxtape/config';
import { createLog, FxtapeError, HttpGuard } from '@fxtape/ops';
import fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { speakZod } from '../zod-routes.ts';
import { GatewayAccounts } from './accounts.ts';
import type { Endpoint } from './endpoint.ts';
import { requestBuilder } from './request-builder.ts';
import { failureAnswer } from '../failure-answer.ts';

const KEY = 'fxs_ro_abcdef0123456789';
const TOKEN = 'a-token-for-this-test';
const ID = '0f9c2d4e-6a1b-4c3d-8e5f-7a9b0c1d2e3f';
const DOCUMENT = {
  openapi: '3.0.3',
  info: { title: 'Small terminal', version: '1' },
  paths: {
    '/getQuote': { get: {} },
    '/OrderSend': { post: {} },
    '/Wipe': { delete: {}, post: {} },
    '/Depth': { get: {} },
    '/../../v1/accounts': { get: {} },
    '/Depth/..': { get: {} },
    '/./Depth': { get: {} },
  },
};
type Answer = (request: IncomingMessage, response: ServerResponse) => void;

let app: FastifyInstance;
let gateway: ReturnType<typeof createServer>;
let asked: string[];
let keys: (string | string[] | undefined)[];
let lines: string[];
let answers: Map<string, Answer>;

beforeEach(async () => {
  asked = [];
  keys = [];
  lines = [];
  answers = new Map<string, Answer>([
    [`/v1/accounts/${ID}`, json(row())],
    [`/mt5/${ID}/api-doc/openapi.json`, json(DOCUMENT)],
    [`/mt5/${ID}/getQuote`, json({ symbol: 'A', bid: 1 })],
  ]);
  gateway = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    keys.push(request.headers['x-api-key']);
    const answer = answers.get((request.url ?? '').split('?')[0] ?? '');
    if (answer === undefined) response.writeHead(404).end('nothing here');
    else answer(request, response);
  });
  await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  await app.close();
  gateway.closeAllConnections();
  await new Promise((resolve) => gateway.close(resolve));
});

const base = (): string => `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`;
const json =
  (value: unknown): Answer =>
  (_request, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
const row = () => ({ id: ID, platform: 'mt5', server: 'S', login: 1, status: 'connected' });

async function start(
  o: { token?: string; key?: string | undefined; config?: string; baseUrl?: string } = {},
) {
  app = fastify({ logger: false, forceCloseConnections: true });
  speakZod(app);
  app.setErrorHandler((error, _request, reply) => {
    if (!(error instanceof FxtapeError)) throw error;
    const { body, status } = failureAnswer(error);
    return reply.code(status).send(body);
  });
  const accounts = new GatewayAccounts({
    config: async () =>
      parseConfig(
        o.config ??
          `accounts: [{ name: one, id: ${ID}, key: ONE_KEY, account_data: [deals], market_data: false }]`,
        'a test',
      ),
    keyOf: (variable) => (variable === 'ONE_KEY' && !('key' in o) ? KEY : o.key),
    baseUrl: o.baseUrl ?? base(),
  });
  const log = createLog({ service: 'console', pretty: false, write: (line) => lines.push(line) });
  const guard = new HttpGuard({ addr: '127.0.0.1:7070', variable: 'FXTAPE_HTTP_ADDR', token: o.token });
  await requestBuilder(app, { accounts, guard, log });
}
const get = (url: string, headers: Record<string, string> = {}) =>
  app.inject({ url, headers: { host: '127.0.0.1:7070', ...headers } });
const post = (path: string, payload: unknown, headers: Record<string, string> = {}) =>
  app.inject({
    method: 'POST',
    url: `/request/${path}`,
    payload: payload as object,
    headers: { host: '127.0.0.1:7070', ...headers },
  });
const run = (endpoint: string, values: Record<string, string> = {}) =>
  post('run', { account: 'one', endpoint, values });
const codeOf = (answer: { statusCode: number; json: () => { code?: string } }) => [
  answer.statusCode,
  answer.json().code,
];

describe('access', () => {
  test('with a token: the header, or a cookie that the token in the address is changed for', async () => {
    await start({ token: TOKEN });
    for (const url of [
      '/request',
      '/request/page.js',
      '/request/accounts',
      '/request/endpoints?account=one',
    ]) {
      expect((await get(url)).statusCode).toBe(401);
      expect((await get(url, { authorization: `Bearer ${TOKEN}` })).statusCode).toBe(200);
    }
    expect(codeOf(await post('run', {}))).toEqual([401, 'UNAUTHORIZED']);
    const opened = await get(`/request?token=${TOKEN}`);
    expect([opened.statusCode, opened.headers.location]).toEqual([303, '/request']);
    const cookie = String(opened.headers['set-cookie']);
    expect(cookie).toMatch(/^fxtape_request=[\w-]{43}; Path=\/request; HttpOnly; SameSite=Strict$/);
    expect(cookie).not.toContain(TOKEN);
    expect((await get('/request', { cookie: cookie.split(';')[0] as string })).statusCode).toBe(200);
    expect((await get('/request', { cookie: 'fxtape_request=wrong' })).statusCode).toBe(401);
    const sentAlong = { cookie: cookie.split(';')[0] as string, 'sec-fetch-site': 'same-site' };
    expect((await get('/request/accounts', sentAlong)).statusCode).toBe(403);
  });

  test('without one: loopback names only, and no other web page may ask', async () => {
    await start();
    expect(codeOf(await get('/request', { host: 'evil.example' }))).toEqual([403, 'HOST_NOT_ALLOWED']);
    const body = { account: 'one', endpoint: 'GET /getQuote', values: { symbol: 'A' } };
    const foreign = [403, 'ORIGIN_NOT_ALLOWED'];
    const link = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    for (const site of ['cross-site', 'same-site']) {
      const from = { 'sec-fetch-site': site };
      expect(codeOf(await post('run', body, from))).toEqual(foreign);
      expect(codeOf(await post('run', body, { ...from, ...link }))).toEqual(foreign);
      // Nor make the console ask the gateway, be it by an image or by a link; a link to the page itself is followed.
      for (const url of ['/request/accounts', '/request/endpoints?account=one'])
        for (const how of [{ 'sec-fetch-dest': 'image' }, link])
          expect([url, ...codeOf(await get(url, { ...from, ...how }))]).toEqual([url, ...foreign]);
      expect(codeOf(await get('/request', { ...from, 'sec-fetch-dest': 'iframe' }))).toEqual(foreign);
      expect((await get('/request', { ...from, ...link })).statusCode).toBe(200);
    }
    expect(codeOf(await post('run', body, { origin: 'http://evil.example' }))).toEqual(foreign);
    expect(codeOf(await post('run', body, { origin: 'http://127.0.0.1:3000' }))).toEqual(foreign);
    expect(asked).toEqual([]);
    for (const type of ['text/plain', 'application/x-www-form-urlencoded'])
      expect((await post('run', JSON.stringify(body), { 'content-type': type })).statusCode).toBe(415);
    expect((await post('run', body, { 'sec-fetch-site': 'same-origin' })).statusCode).toBe(200);
  });

  test('the page may load nothing but its own files, and holds no code and no style of its own', async () => {
    await start();
    const page = await get('/request');
    expect(page.headers['content-security-policy']).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
    );
    expect(page.body).not.toMatch(/<script>|<style|\son\w+=|\sstyle=|https?:\/\//);
    for (const [, url = ''] of page.body.matchAll(/(?:src|href)="(\/[^"]+)"/g))
      expect((await get(url)).headers['content-type']).toMatch(/javascript|css/);
    for (const name of ['page.js', 'field-row.js'])
      expect((await get(`/request/${name}`)).body).not.toMatch(
        /innerHTML|outerHTML|insertAdjacentHTML|eval\(/,
      );
  });
});

describe('what can be asked', () => {
  test("comes from the account's own document", async () => {
    await start();
    const surface = (await get('/request/endpoints?account=one')).json();
    expect(surface).toMatchObject({
      source: 'live',
      note: 'Small terminal 1',
      target: { restUrl: `${base()}/mt5/${ID}`, keyVariable: 'ONE_KEY', managementUrl: `${base()}/v1` },
    });
    const listed = (surface.endpoints as Endpoint[]).filter((one) => one.base === 'terminal' && one.listed);
    expect(listed.map(({ id }) => id)).toEqual([
      'GET /getQuote',
      'POST /OrderSend',
      'DELETE /Wipe',
      'POST /Wipe',
      'GET /Depth',
    ]);
    await Promise.all([
      get('/request/endpoints?account=one'),
      post('commands', { account: 'one', endpoint: 'GET /getQuote', values: {} }),
    ]);
    expect(asked).toEqual([`GET /v1/accounts/${ID}`, `GET /mt5/${ID}/api-doc/openapi.json`]);
  });

  test('or is our own, with the reason', async () => {
    answers.delete(`/mt5/${ID}/api-doc/openapi.json`);
    await start();
    expect((await get('/request/endpoints?account=one')).json()).toMatchObject({
      source: 'own',
      note: expect.stringMatching(/^FXSOCKET_NOT_FOUND: /),
      target: { restUrl: `${base()}/mt5/${ID}` },
    });
  });

  test('without the gateway, without a key and without a configuration there are still commands', async () => {
    const command = async (account: string) =>
      (await post('commands', { account, endpoint: 'GET /getQuote', values: { symbol: 'A' } })).json()
        .commands.shell as string;
    await start({ baseUrl: 'http://127.0.0.1:9' });
    expect((await get('/request/endpoints?account=one')).json().note).toMatch(/^FXSOCKET_UNREACHABLE: /);
    expect(await command('one')).toContain(`http://127.0.0.1:9/mt5/${ID}/getQuote?symbol=A`);
    await app.close();
    await start({ key: undefined });
    expect((await get('/request/accounts')).json().accounts).toEqual([
      { name: 'one', keyVariable: 'ONE_KEY', hasKey: false },
    ]);
    expect(await command('one')).toContain('$ONE_KEY');
    expect(codeOf(await run('GET /getQuote', { symbol: 'A' }))).toEqual([409, 'KEY_MISSING']);
    await app.close();
    await start({ config: 'accounts: 7' });
    expect((await get('/request/accounts')).json()).toMatchObject({
      accounts: [{ name: 'example', hasKey: false }],
      note: expect.stringMatching(/^CONFIG_INVALID: /),
    });
    expect(await command('example')).toContain('/mt5/YOUR_ACCOUNT_ID/getQuote');
    expect(asked).toEqual([]);
  });

  test('problems instead of commands; unknown names are refused', async () => {
    await start();
    expect(
      (await post('commands', { account: 'one', endpoint: 'GET /getQuote', values: {} })).json(),
    ).toEqual({
      problems: [{ field: 'symbol', text: 'is required' }],
      commands: null,
    });
    expect(codeOf(await get('/request/endpoints?account=two'))).toEqual([400, 'REQUEST_INVALID']);
    expect(codeOf(await post('commands', { account: 'one', endpoint: 'GET /nothing', values: {} }))).toEqual([
      400,
      'REQUEST_INVALID',
    ]);
    expect(codeOf(await post('commands', { account: 'one', endpoint: 3 }))).toEqual([400, 'QUERY_INVALID']);
  });
});

describe('running', () => {
  test('sends the GET with the key and shows the answer, laid out, whatever its status', async () => {
    answers.set(`/mt5/${ID}/getQuote`, (_request, response) =>
      response
        .writeHead(500, { 'content-type': 'application/json' })
        .end('{"error":"MRPC","id":9007199254740993}'),
    );
    await start();
    expect((await run('GET /getQuote', { symbol: 'a b&c=<d>' })).json()).toMatchObject({
      status: 500,
      contentType: 'application/json',
      text: '{\n  "error": "MRPC",\n  "id": 9007199254740993\n}',
      cut: false,
    });
    expect(asked.at(-1)).toBe(`GET /mt5/${ID}/getQuote?symbol=a%20b%26c%3D%3Cd%3E`);
    expect(keys.at(-1)).toBe(KEY);
  });

  test('never what changes something, is not listed, or is not complete', async () => {
    await start();
    await get('/request/endpoints?account=one');
    const before = asked.length;
    for (const id of [
      'POST /OrderSend',
      'POST /CloseAll',
      'DELETE /Wipe',
      'POST /Wipe',
      'DELETE /v1/accounts/{id}',
      'POST /v1/accounts',
      'GET /QuoteTicks',
      'topic prices',
    ])
      expect(codeOf(await run(id, { symbol: 'A', id: ID })), id).toEqual([403, 'REQUEST_REFUSED']);
    expect(codeOf(await run('GET /getQuote'))).toEqual([400, 'REQUEST_INVALID']);
    expect(asked.length).toBe(before);
  });

  test('follows no redirect and shows the beginning of a long answer', async () => {
    answers.set(`/mt5/${ID}/getQuote`, (_request, response) =>
      response.writeHead(302, { location: `${base()}/stolen` }).end('moved'),
    );
    answers.set(`/mt5/${ID}/Depth`, (_request, response) => response.writeHead(200).end('é'.repeat(300_000)));
    await start();
    expect((await run('GET /getQuote', { symbol: 'A' })).json()).toMatchObject({
      status: 302,
      text: 'moved',
    });
    expect(asked.some((line) => line.includes('stolen'))).toBe(false);
    const long = (await run('GET /Depth')).json() as { cut: boolean; text: string };
    expect([long.cut, long.text.length, long.text.at(-1)]).toEqual([true, 131_072, 'é']);
  });

  test('two at once for an account and no more; a gateway that hangs up is told', async () => {
    const waiting: ServerResponse[] = [];
    answers.set(`/mt5/${ID}/getQuote`, (_request, response) => void waiting.push(response));
    answers.set(`/mt5/${ID}/Depth`, (request) => void request.socket.destroy());
    await start();
    const both = [run('GET /getQuote', { symbol: 'A' }), run('GET /getQuote', { symbol: 'B' })];
    await expect.poll(() => waiting.length).toBe(2);
    expect(codeOf(await run('GET /getQuote', { symbol: 'C' }))).toEqual([429, 'REQUEST_BUSY']);
    for (const response of waiting) response.end('{}');
    for (const answer of await Promise.all(both))
      expect(answer.json()).toMatchObject({ status: 200, text: '{}' });
    for (let i = 0; i < 3; i++) expect(codeOf(await run('GET /Depth'))).toEqual([502, 'REQUEST_FAILED']);
  });

  test('the key is in nothing that is answered or logged, even when the gateway says it', async () => {
    answers.set(`/mt5/${ID}/getQuote`, json({ you: KEY, url: `?api_key=${KEY}` }));
    answers.set(`/mt5/${ID}/api-doc/openapi.json`, (_request, response) => response.writeHead(500).end(KEY));
    await start();
    const said = [
      await get('/request'),
      await get('/request/accounts'),
      await get('/request/endpoints?account=one'),
      await post('commands', { account: 'one', endpoint: 'GET /getQuote', values: { symbol: 'A' } }),
      await run('GET /getQuote', { symbol: 'A' }),
    ];
    expect(said.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200, 200, 200]);
    expect(said.map(({ body }) => body).join()).not.toContain(KEY);
    expect(lines.join()).toMatch(/ran a request/);
    expect(lines.join()).not.toContain(KEY);
    await app.close();
    const info = { title: `of ${KEY}`, version: '1' };
    answers.set(`/mt5/${ID}/api-doc/openapi.json`, json({ ...DOCUMENT, info }));
    answers.set(`/mt5/${ID}/getQuote`, (_request, response) =>
      response.writeHead(200, { 'content-type': `text/${KEY}` }).end(),
    );
    await start();
    const shown = [await get('/request/endpoints?account=one'), await run('GET /getQuote', { symbol: 'A' })];
    expect(shown.map(({ statusCode }) => statusCode)).toEqual([200, 200]);
    expect(shown.map(({ body }) => body).join()).not.toContain(KEY);
    expect(shown[0]?.body).toContain('GET /Depth');
  });
});
