import { afterEach, describe, expect, test } from 'vitest';
import { FxtapeError } from './fxtape-error.ts';
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
  return (path: string, init?: RequestInit) => fetch(`http://${server.addr}${path}`, init);
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

  test('a document that fails answers 500 with its code, and the server goes on', async () => {
    const failed = new FxtapeError({ code: 'NOT_NOW', kind: 'transient', message: 'not now', hint: 'Wait' });
    const get = await start({
      json: {
        '/a': () => Promise.reject(failed),
        '/b': () => {
          throw new Error('path /secret');
        },
      },
    });
    expect(await (await get('/a')).json()).toEqual({ code: 'NOT_NOW', message: 'not now' });
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
