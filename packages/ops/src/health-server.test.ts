import { request } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { FxtapeError } from './errors/fxtape-error.ts';
import { type HealthServer, type HealthServerOptions, startHealthServer } from './health-server.ts';
import { Metrics } from './metrics.ts';

const open: HealthServer[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

async function start(options: Partial<HealthServerOptions> = {}) {
  const server = await startHealthServer({
    addr: '127.0.0.1:0',
    ready: () => ({ ready: true, reasons: [] }),
    metrics: new Metrics(),
    ...options,
  });
  open.push(server);
  const addr = server.addr.replace('0.0.0.0', '127.0.0.1');
  const get = (path: string, init?: RequestInit) => fetch(`http://${addr}${path}`, init);
  /** fetch() sets such headers as it likes. */
  const as = (headers: Record<string, string>, path: string) =>
    new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
      const asked = request(`http://${addr}${path}`, { headers }, (answer) => {
        let body = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
        answer.on('end', () => resolve({ status: answer.statusCode, body }));
      });
      asked.on('error', reject).end();
    });
  return Object.assign(get, { as, addr, pass: server.pass });
}

describe('health server', () => {
  test('healthz is 200 while readyz is 503 with the reasons', async () => {
    const get = await start({ ready: () => ({ ready: false, reasons: ['EURUSD is not live'] }) });
    expect((await get('/healthz')).status).toBe(200);
    const answer = await get('/readyz');
    expect(answer.status).toBe(503);
    expect(await answer.json()).toEqual({ ready: false, reasons: ['EURUSD is not live'] });
  });

  test('metrics, documents with BigInts, and nothing else', async () => {
    const metrics = new Metrics();
    metrics.counter('frames_total', 'Frames.', ['account']).inc({ account: 'a' }, 3);
    expect(metrics.counter('frames_total', 'Frames.', ['account'])).toBe(
      metrics.counter('frames_total', 'Frames.'),
    );
    const get = await start({ metrics, json: { '/state': () => ({ ticket: 9_007_199_254_740_993n }) } });
    expect(await (await get('/metrics')).text()).toContain('frames_total{account="a"} 3');
    expect(await (await get('/state?x=1')).text()).toBe('{"ticket":"9007199254740993"}\n');
    expect((await get('/toString')).status).toBe(404);
    expect((await get('/state', { method: 'POST' })).status).toBe(405);
    expect((await get('/healthz', { method: 'HEAD' })).status).toBe(200);
  });

  test('with a token, metrics and documents ask for it; the probes do not', async () => {
    const get = await start({ token: 'the-token', json: { '/state': () => ({}) } });
    for (const path of ['/metrics', '/state']) {
      expect((await get(path)).status).toBe(401);
      expect((await get(path, { headers: { authorization: 'Bearer the-tokem' } })).status).toBe(401);
      expect((await get(path, { headers: { authorization: 'Bearer ' } })).status).toBe(401);
      expect((await get(path, { headers: { authorization: 'bearer the-token' } })).status).toBe(200);
    }
    expect((await get('/readyz')).status).toBe(200);
  });

  test('without one: loopback names only, and nothing for other web pages; reasons for neither', async () => {
    const reasons = ['demo: clock_conflict'];
    const get = await start({ json: { '/state': () => ({}) }, ready: () => ({ ready: false, reasons }) });
    const port = get.addr.split(':')[1];
    const strangers: Record<string, string>[] = [
      { host: `evil.example:${port}` },
      { host: get.addr, origin: 'http://evil.example' },
      { host: get.addr, 'sec-fetch-site': 'cross-site' },
      { host: get.addr, 'sec-fetch-site': 'same-site', 'sec-fetch-dest': 'image' },
    ];
    for (const headers of strangers) {
      for (const path of ['/metrics', '/state']) expect((await get.as(headers, path)).status).toBe(403);
      expect((await get.as(headers, '/healthz')).status).toBe(200);
    }
    expect((await get.as(strangers[0] ?? {}, '/readyz')).body).toBe('{"ready":false}\n');
    expect((await get.as(strangers[1] ?? {}, '/readyz')).body).toBe('{"ready":false}\n');
    expect(await (await get('/readyz')).json()).toEqual({ ready: false, reasons });
    expect((await get.as({ host: `localhost:${port}` }, '/state')).status).toBe(200);
  });

  test('beyond loopback there is a token, and without it the probes say yes or no and no more', async () => {
    await expect(start({ addr: '0.0.0.0:0' })).rejects.toMatchObject({ code: 'API_TOKEN_REQUIRED' });
    const reasons = ['demo: clock_conflict'];
    const get = await start({
      addr: '0.0.0.0:0',
      token: 'the-token',
      ready: () => ({ ready: false, reasons }),
    });
    expect(await (await get('/readyz')).json()).toEqual({ ready: false });
    const authorization = 'Bearer the-token';
    expect(await (await get('/readyz', { headers: { authorization } })).json()).toEqual({
      ready: false,
      reasons,
    });
  });

  test('the pass of its process lets in like the token', async () => {
    const get = await start({ token: 'the-token' });
    const other = await start({ token: 'the-token' });
    const ask = (pass: string) => get('/metrics', { headers: { authorization: `Bearer ${pass}` } });
    expect((await ask(get.pass)).status).toBe(200);
    expect((await ask(other.pass)).status).toBe(401);
  });

  test('a document that fails answers 500 with its code, and the server goes on', async () => {
    const failed = new FxtapeError({ code: 'QDB_NOT_APPLIED', message: 'not now', hint: 'Wait' });
    const get = await start({
      json: {
        '/a': () => Promise.reject(failed),
        '/b': () => {
          throw new Error('path /secret');
        },
      },
    });
    expect(await (await get('/a')).json()).toEqual({ code: 'QDB_NOT_APPLIED', message: 'not now' });
    const other = await get('/b');
    expect(other.status).toBe(500);
    expect(await other.text()).not.toContain('secret');
    expect((await get('/healthz')).status).toBe(200);
  });

  test('an address in use and a malformed one are told by code', async () => {
    const server = await startHealthServer({
      addr: '127.0.0.1:0',
      ready: () => ({ ready: true, reasons: [] }),
      metrics: new Metrics(),
    });
    open.push(server);
    const again = { ready: () => ({ ready: true, reasons: [] }), metrics: new Metrics() };
    await expect(startHealthServer({ addr: server.addr, ...again })).rejects.toMatchObject({
      code: 'HTTP_LISTEN_FAILED',
    });
    await expect(startHealthServer({ addr: 'nonsense', ...again })).rejects.toMatchObject({
      code: 'HTTP_ADDR_INVALID',
    });
  });

  test('close ends also the connections that a client keeps alive', async () => {
    const server = await startHealthServer({
      addr: '127.0.0.1:0',
      ready: () => ({ ready: true, reasons: [] }),
      metrics: new Metrics(),
    });
    await (await fetch(`http://${server.addr}/healthz`)).text();
    await server.close();
    await expect(fetch(`http://${server.addr}/healthz`)).rejects.toThrow();
  });
});
