import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { parseClientConf } from './client-conf.ts';
import { HttpCall } from './http-call.ts';

let server: http.Server | null = null;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function serve(answer: (response: http.ServerResponse) => void): Promise<HttpCall> {
  server = http.createServer((_, response) => answer(response));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return new HttpCall(parseClientConf(`http::addr=127.0.0.1:${port};`), 2, false);
}

const asked = { path: '/', headers: {}, idleMs: 1000 };

test('silence before the head and after it is a time-out', async () => {
  const never = await serve(() => {});
  await expect(never.stream(asked)).rejects.toMatchObject({ code: 'QDB_TIMEOUT' });
  const half = await serve((response) => void response.write('half'));
  const { body } = await half.stream(asked);
  await expect(body.toArray()).rejects.toMatchObject({ code: 'QDB_TIMEOUT' });
});

test('the time that a reader takes is no silence, and neither is a drop now and then', async () => {
  const call = await serve((response) => {
    response.write(Buffer.alloc(300_000));
    let left = 5;
    const timer = setInterval(() => {
      response.write('more');
      if (--left > 0) return;
      clearInterval(timer);
      response.end();
    }, 400);
  });
  const { body } = await call.stream(asked);
  await delay(1500);
  const parts = await body.toArray();
  expect(Buffer.concat(parts).length).toBe(300_020);
});

test('an abort before the head rejects, after it destroys the stream and the connection', async () => {
  const stop = new AbortController();
  let closed = 0;
  const call = await serve((response) => {
    response.on('close', () => (closed += 1));
    setTimeout(() => response.write('x'), 50);
  });
  const early = call.stream({ ...asked, signal: stop.signal });
  stop.abort(new Error('enough'));
  await expect(early).rejects.toThrow('enough');
  const later = new AbortController();
  const { body } = await call.stream({ ...asked, signal: later.signal });
  later.abort(new Error('that will do'));
  await expect(body.toArray()).rejects.toThrow('that will do');
  await expect.poll(() => closed).toBeGreaterThanOrEqual(1);
});
