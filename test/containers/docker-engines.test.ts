// What `fxtape up` does where there is Docker: QuestDB and Redis in containers on loopback, found again with their data, and replaced
// when an `up` that was killed left them behind.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ensureStack, questDbAnswers, redisAnswers } from '@fxtape/cli/stack';
import { machineEnv, tempDir, until } from '@fxtape/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';

const run = promisify(execFile);
let dir = tempDir('docker-engines');
const log = { info: () => {}, warn: () => {} };

const docker = async (...args: string[]): Promise<string[]> => {
  const { stdout } = await run('docker', args, { env: machineEnv() });
  return stdout.split('\n').filter((line) => line !== '');
};
/** Names of the containers of this data folder. */
const containers = () =>
  docker('ps', '-a', '--filter', `label=fxtape.data=${dir.path}`, '--format', '{{.Names}}');
const start = () => ensureStack({ env: machineEnv(), dataDir: dir.path, log, mode: 'docker' });
const ask = async (http: string, query: string) =>
  (await fetch(`${http}/exec?query=${encodeURIComponent(query)}`)).status;

let names: string[] = [];
beforeEach(() => {
  dir = tempDir('docker-engines');
});
afterEach(async () => {
  for (const name of await containers()) await docker('rm', '-f', name);
  // The volumes have the names of the containers.
  for (const name of names) await docker('volume', 'rm', '-f', name);
  await dir.remove();
});

test('engines in Docker are started, stopped, and found again with their data', async () => {
  const first = await start();
  names = await containers();
  expect([first.questdb.how, first.redis.how]).toEqual(['docker', 'docker']);
  expect(names).toHaveLength(2);
  for (const name of names) {
    const ports = await docker('port', name);
    expect(ports.length).toBeGreaterThan(0);
    expect(ports.filter((line) => !line.includes('-> 127.0.0.1:'))).toEqual([]);
  }
  const create = 'CREATE TABLE kept (ts TIMESTAMP) TIMESTAMP(ts) PARTITION BY DAY WAL';
  expect(await ask(first.questdb.httpUrl, create)).toBe(200);
  await first.stop();
  expect(await containers()).toEqual([]);
  expect(await questDbAnswers(first.questdb.httpUrl)).toBe(false);
  expect(await redisAnswers(first.redis.url)).toBe(false);
  const second = await start();
  expect(await ask(second.questdb.httpUrl, 'SELECT * FROM kept')).toBe(200);
  await second.stop();
});

test('containers that a killed `up` left behind are replaced, and their data stay', async () => {
  const left = await start();
  names = await containers();
  const create = 'CREATE TABLE kept (ts TIMESTAMP) TIMESTAMP(ts) PARTITION BY DAY WAL';
  expect(await ask(left.questdb.httpUrl, create)).toBe(200);
  const next = await start();
  expect(await containers()).toHaveLength(2);
  expect(await ask(next.questdb.httpUrl, 'SELECT * FROM kept')).toBe(200);
  await next.stop();
  expect(await containers()).toEqual([]);
});

test('a process that dies inside its container is started again by Docker', async () => {
  const stack = await start();
  names = await containers();
  const questdb = names.find((name) => name.includes('questdb')) ?? '';
  const [pid = ''] = await docker('inspect', '-f', '{{.State.Pid}}', questdb);
  process.kill(Number(pid), 'SIGKILL');
  const restarts = () => docker('inspect', '-f', '{{.RestartCount}}', questdb);
  await until(async () => (await restarts())[0] === '1', {
    what: 'Docker to start it again',
    deadlineMs: 30_000,
    everyMs: 200,
  });
  await until(() => questDbAnswers(stack.questdb.httpUrl), { what: 'QuestDB to answer', deadlineMs: 60_000 });
  await stack.stop();
});
