import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writePidFile } from '@fxtape/ops';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fetchCollectorState } from './collector-client.ts';
import { sampleState } from '../testing/sample-state.ts';

let server: Server;
let url: string;
let dataDir: string;
let answer: (authorization: string | undefined) => { status: number; body: string } | null;
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'console-'));
  answer = () => ({ status: 200, body: JSON.stringify(sampleState()) });
  server = createServer((request, response) => {
    const reply =
      request.url === '/state' ? answer(request.headers.authorization) : { status: 404, body: '' };
    if (reply !== null) response.writeHead(reply.status).end(reply.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
  rmSync(dataDir, { recursive: true });
});

describe('fetchCollectorState', () => {
  test('finds the collector by its run file, also after it moved', async () => {
    await expect(fetchCollectorState({ dataDir })).rejects.toMatchObject({
      code: 'COLLECTOR_NOT_RUNNING',
      kind: 'transient',
    });
    writePidFile(dataDir, 'collector', { pid: 1, http: '127.0.0.1:1' });
    await expect(fetchCollectorState({ dataDir })).rejects.toMatchObject({ code: 'COLLECTOR_UNREACHABLE' });
    writePidFile(dataDir, 'collector', { pid: 2, http: url.slice('http://'.length) });
    expect(await fetchCollectorState({ dataDir })).toEqual(sampleState());
  });

  test('sends its token, and tells a wrong one', async () => {
    answer = (authorization) => ({
      status: authorization === 'Bearer t' ? 200 : 401,
      body: JSON.stringify(sampleState()),
    });
    expect(await fetchCollectorState({ url, dataDir, token: 't' })).toEqual(sampleState());
    await expect(fetchCollectorState({ url, dataDir, token: 'x' })).rejects.toThrow(/another token/);
  });

  test('a token is not for whoever listens where a collector was: that gets the pass of the run file', async () => {
    const seen: (string | undefined)[] = [];
    answer = (authorization) => {
      seen.push(authorization);
      return { status: 200, body: JSON.stringify(sampleState()) };
    };
    const http = url.slice('http://'.length);
    writePidFile(dataDir, 'collector', { pid: 1, http });
    await fetchCollectorState({ dataDir, token: 'the-token-of-the-user' });
    writePidFile(dataDir, 'collector', { pid: 1, http, pass: 'of-that-process' });
    await fetchCollectorState({ dataDir, token: 'the-token-of-the-user' });
    expect(seen).toEqual([undefined, 'Bearer of-that-process']);
  });

  test.for([
    ['an error', 500, ''],
    ['a page', 200, '<html>'],
    ['another service', 200, '{"service":"simulator","startedAt":"","accounts":[]}'],
    ['a truncated state', 200, JSON.stringify(sampleState()).slice(0, -5)],
  ] as const)('%s is an error, never an empty state', async ([, status, body]) => {
    answer = () => ({ status, body });
    await expect(fetchCollectorState({ url, dataDir })).rejects.toMatchObject({
      code: 'COLLECTOR_BAD_ANSWER',
    });
  });

  test('a collector that hangs is given up', async () => {
    answer = () => null;
    await expect(fetchCollectorState({ url, dataDir, deadlineMs: 50 })).rejects.toThrow(
      /does not answer in time/,
    );
  });

  test('fields that are not known yet are tolerated', async () => {
    answer = () => ({ status: 200, body: JSON.stringify({ ...sampleState(), news: 1 }) });
    expect(await fetchCollectorState({ url, dataDir })).toEqual(sampleState());
  });
});
