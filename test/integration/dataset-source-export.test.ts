// The stream of an export when things go wrong: a slow reader, a full house, a killed or frozen server, an abort. It ends whole or with an
// error.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { QuestDbHttp } from '@fxtape/questdb';
import { type QuestDbServer, startQuestDb, until } from '@fxtape/testkit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

const ROWS = 1_000_000;
const BIG = 'SELECT ts, a, b FROM big ORDER BY ts, a';

let server: QuestDbServer;
let questdb: QuestDbHttp;
beforeAll(async () => {
  // What would cut off a slow reader is far shorter than usual.
  server = await startQuestDb({ QDB_HTTP_EXPORT_TIMEOUT: '2000', QDB_HTTP_EXPORT_CONNECTION_LIMIT: '3' });
  questdb = new QuestDbHttp({ conf: server.conf });
  await fill();
});
afterAll(async () => {
  questdb?.close();
  await server?.close();
});
beforeEach(async () => {
  // None of an earlier test is still counted.
  await until(async () => (await openExports()) === 0, { what: 'exports to end', deadlineMs: 20_000 });
});

async function fill(): Promise<void> {
  await questdb.exec(
    'CREATE TABLE big (ts TIMESTAMP, a DOUBLE, b DOUBLE) TIMESTAMP(ts) PARTITION BY DAY BYPASS WAL',
  );
  await questdb.exec(
    `INSERT INTO big SELECT (x * 10000)::timestamp, rnd_double(), rnd_double() FROM long_sequence(${ROWS})`,
    { deadlineMs: 120_000 },
  );
}

async function openExports(): Promise<number> {
  const { dataset } = await questdb.exec(
    "SELECT count() FROM query_activity() WHERE query LIKE '%FROM big%'",
  );
  // This query lists itself.
  return Number(dataset[0]?.[0]) - 1;
}

interface Taken {
  readonly bytes: number;
  readonly sha256: string;
  readonly tail: string;
}

async function take(stream: Readable, pauseMs: (nth: number) => number = () => 0): Promise<Taken> {
  const hash = createHash('sha256');
  let bytes = 0;
  let nth = 0;
  let last = Buffer.alloc(0);
  for await (const part of stream as AsyncIterable<Buffer>) {
    hash.update(part);
    bytes += part.length;
    last = Buffer.concat([last.subarray(-4), part]);
    const ms = pauseMs(nth++);
    if (ms > 0) await delay(ms);
  }
  return { bytes, sha256: hash.digest('hex'), tail: last.subarray(-4).toString('latin1') };
}

test('a reader that takes much longer than QuestDB gives an export gets the whole file', async () => {
  const fast = await take(await questdb.exportParquet(BIG));
  expect(fast.tail).toBe('PAR1');
  expect(fast.bytes).toBeGreaterThan(10_000_000);
  const slow = await take(await questdb.exportParquet(BIG), (nth) => (nth % 100 === 5 ? 1500 : 0));
  expect(slow).toEqual(fast);
  const paused = await take(await questdb.exportParquet(BIG), (nth) => (nth === 3 ? 7000 : 0));
  expect(paused).toEqual(fast);
});

test('what is not taken stays at the server', async () => {
  const before = process.memoryUsage();
  const stream = await questdb.exportParquet(BIG);
  await once(stream, 'readable');
  await delay(1000);
  expect(stream.readableLength).toBeLessThan(2_000_000);
  const after = process.memoryUsage();
  expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(15_000_000);
  stream.destroy();
});

test('a statement that is refused is an error with what the server says, before any byte', async () => {
  await expect(questdb.exportParquet('SELECT nope FROM big')).rejects.toMatchObject({
    code: 'QDB_SQL',
    message: expect.stringContaining('Invalid column: nope'),
  });
  await expect(questdb.exportParquet(`SELECT 1 -- ${'x'.repeat(40_000)}`)).rejects.toMatchObject({
    code: 'QDB_SQL_TOO_LONG',
  });
});

test('two at a time, the third when one is over or given up', async () => {
  const [one, two] = [await questdb.exportParquet(BIG), await questdb.exportParquet(BIG)];
  let third: Readable | null = null;
  const waiting = questdb.exportParquet(BIG).then((stream) => (third = stream));
  await delay(500);
  expect(third).toBeNull();
  one.destroy();
  expect((await take(await waiting)).tail).toBe('PAR1');
  expect((await take(two)).tail).toBe('PAR1');
});

test('an abort ends the wait for a turn, and whoever waits behind comes first', async () => {
  const [one, two] = [await questdb.exportParquet(BIG), await questdb.exportParquet(BIG)];
  const stop = new AbortController();
  const given = questdb.exportParquet(BIG, { signal: stop.signal });
  const behind = questdb.exportParquet(BIG);
  stop.abort(new Error('enough'));
  await expect(given).rejects.toThrow('enough');
  one.destroy();
  (await behind).destroy();
  two.destroy();
});

test('a place that others have taken is asked for again, until it is free or the signal is aborted', async () => {
  // Three others, as another process would.
  const others = await Promise.all(Array.from({ length: 3 }, () => foreign()));
  const stop = new AbortController();
  const given = questdb.exportParquet(BIG, { signal: stop.signal });
  const kept = questdb.exportParquet(BIG);
  await delay(1500);
  stop.abort(new Error('enough'));
  await expect(given).rejects.toThrow('enough');
  for (const other of others) other.destroy();
  expect((await take(await kept)).tail).toBe('PAR1');
});

/** An export that somebody else has open and does not read. */
async function foreign(): Promise<http.IncomingMessage> {
  const request = http.get(`${server.http}/exp?fmt=parquet&query=${encodeURIComponent(BIG)}`, {
    agent: false,
  });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  expect(response.statusCode).toBe(200);
  response.on('error', () => {});
  return response;
}

test('an abort in the middle ends the stream with its reason, and the export at the server', async () => {
  const stop = new AbortController();
  const stream = await questdb.exportParquet(BIG, { signal: stop.signal });
  await once(stream, 'readable');
  expect(await openExports()).toBe(1);
  stop.abort(new Error('enough'));
  await expect(take(stream)).rejects.toThrow('enough');
  await until(async () => (await openExports()) === 0, { what: 'the export to end', deadlineMs: 20_000 });
});

test('SIGKILL of the server in the middle is an error of the stream, never its end', async () => {
  const stream = await questdb.exportParquet(BIG);
  let parts = 0;
  const taking = (async () => {
    for await (const _ of stream) {
      parts += 1;
      if (parts === 3) await server.kill();
    }
  })();
  await expect(taking).rejects.toMatchObject({ code: 'QDB_RESET', kind: 'transient' });
  expect(parts).toBeGreaterThanOrEqual(3);
  await expect(questdb.exportParquet(BIG)).rejects.toMatchObject({ code: 'QDB_UNREACHABLE' });
  await server.start();
  // Its place is free again.
  expect((await take(await questdb.exportParquet(BIG))).tail).toBe('PAR1');
});

test.each([
  ['chunks without the last one', (response: http.ServerResponse) => void response.destroy()],
  ['a connection that is reset', (response: http.ServerResponse) => void response.socket?.resetAndDestroy()],
])('%s: an error, after what had arrived', async (_, end) => {
  const stand = http.createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/vnd.apache.parquet' });
    response.write('PAR1');
    setTimeout(() => end(response), 100);
  });
  await once(stand.listen(0, '127.0.0.1'), 'listening');
  const client = new QuestDbHttp({ conf: `http::addr=127.0.0.1:${(stand.address() as AddressInfo).port};` });
  const stream = await client.exportParquet('SELECT 1');
  await expect(take(stream)).rejects.toMatchObject({ code: 'QDB_RESET' });
  client.close();
  stand.close();
});
