// The servers of the tests are what they say: settings of infra in force, data and addresses that survive a kill.
import { connect } from 'node:net';
import { once } from 'node:events';
import { type QuestDbServer, type RedisServer, startQuestDb, startRedis, until } from '@fxtape/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ownQuestDb, ownRedis } from '../own-servers.ts';

let questdb: QuestDbServer;
let redis: RedisServer;

beforeAll(async () => {
  [questdb, redis] = await Promise.all([startQuestDb(), startRedis()]);
});
afterAll(async () => {
  await Promise.all([questdb?.close(), redis?.close()]);
});

async function sql(http: string, query: string): Promise<unknown[][]> {
  const response = await fetch(`${http}/exec?query=${encodeURIComponent(query)}`, {
    signal: AbortSignal.timeout(5000),
  });
  const body = (await response.json()) as { dataset?: unknown[][]; error?: string };
  if (body.error !== undefined) throw new Error(body.error);
  return body.dataset ?? [];
}

async function ask(url: string, ...words: string[]): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.write(`*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`);
  const [reply] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return reply.toString();
}

test('the shared servers answer, with the settings of infra', async () => {
  const { http, pg } = ownQuestDb();
  const settings = new Map(
    (await sql(http, 'SHOW PARAMETERS')).map((row) => [row[0] as string, row[2] as string]),
  );
  expect(settings.get('cairo.o3.partition.split.min.size')).toBe('1000000');
  expect(settings.get('line.auto.create.new.tables')).toBe('false');
  expect(settings.get('line.auto.create.new.columns')).toBe('false');
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(pg).port) });
  await once(socket, 'connect');
  socket.destroy();
  expect(await ask(ownRedis().url, 'CONFIG', 'GET', 'appendonly')).toContain('yes');
  expect(await ask(ownRedis().url, 'CONFIG', 'GET', 'maxmemory-policy')).toContain('noeviction');
});

test('QuestDB comes back after SIGKILL where it was, with its data', async () => {
  await sql(questdb.http, 'CREATE TABLE kept (ts TIMESTAMP, n LONG) TIMESTAMP(ts) PARTITION BY DAY WAL');
  await sql(questdb.http, "INSERT INTO kept VALUES ('2026-01-05T00:00:00Z', 7)");
  await questdb.kill();
  await expect(sql(questdb.http, 'SELECT 1')).rejects.toThrow();
  await questdb.start();
  const rows = await until(
    async () => {
      const found = await sql(questdb.http, 'SELECT n FROM kept');
      return found.length > 0 && found;
    },
    { what: 'the row to be applied again', deadlineMs: 20_000 },
  );
  expect(rows).toEqual([[7]]);
});

test('a frozen QuestDB answers nothing until it thaws', async () => {
  await questdb.freeze();
  const frozen = fetch(`${questdb.http}/exec?query=select%201`, { signal: AbortSignal.timeout(500) });
  await expect(frozen).rejects.toThrow(/timeout/i);
  await questdb.thaw();
  expect(await sql(questdb.http, 'SELECT 1')).toEqual([[1]]);
});

test('Redis comes back after SIGKILL where it was, with its data', async () => {
  expect(await ask(redis.url, 'SET', 'kept', 'seven')).toContain('OK');
  await redis.kill();
  await redis.start();
  expect(await ask(redis.url, 'GET', 'kept')).toContain('seven');
});
