// What `fxtape up` does where there is Docker: QuestDB and Redis in containers on loopback, found again with their data, and replaced
// when an `up` that was killed left them behind.
import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ensureStack, questDbAnswers, redisAnswers, type Stack } from '@fxtape/stack';
import { pgQuery, QuestDbHttp } from '@fxtape/questdb';
import { machineEnv, startNode, tempDir, until, WORKSPACE } from '@fxtape/testkit';
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
const ask = async ({ questdb }: Stack, query: string) => {
  const http = new QuestDbHttp({ conf: questdb.conf });
  try {
    return (await http.exec(query)).dataset;
  } finally {
    http.close();
  }
};
const passwordOf = ({ questdb }: Stack) => /password=([^;]+)/.exec(questdb.conf)?.[1] ?? '';

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
  await ask(first, create);
  // Nobody without the password, nor by what Docker shows of the containers.
  expect(await questDbAnswers(first.questdb.httpUrl)).toBe(false);
  expect(await questDbAnswers(first.questdb.httpUrl, passwordOf(first))).toBe(true);
  expect(await redisAnswers(first.redis.url)).toBe(true);
  expect(await redisAnswers(`redis://127.0.0.1:${new URL(first.redis.url).port}`)).toBe(false);
  expect(await pgQuery(first.questdb.readerUrl as string, 'SELECT * FROM kept')).toEqual([]);
  await expect(pgQuery(first.questdb.readerUrl as string, 'DROP TABLE kept')).rejects.toThrow();
  for (const name of names) {
    const shown = (await docker('inspect', name)).join('\n');
    for (const secret of [passwordOf(first), new URL(first.redis.url).password])
      expect(shown).not.toContain(secret);
  }
  await first.stop();
  expect(await containers()).toEqual([]);
  expect(await questDbAnswers(first.questdb.httpUrl, passwordOf(first))).toBe(false);
  expect(await redisAnswers(first.redis.url)).toBe(false);
  const second = await start();
  expect(await ask(second, 'SELECT * FROM kept')).toEqual([]);
  await second.stop();
});

test('containers that a killed `up` left behind are replaced, and their data stay', async () => {
  const left = await start();
  names = await containers();
  const create = 'CREATE TABLE kept (ts TIMESTAMP) TIMESTAMP(ts) PARTITION BY DAY WAL';
  await ask(left, create);
  const next = await start();
  expect(await containers()).toHaveLength(2);
  expect(await ask(next, 'SELECT * FROM kept')).toEqual([]);
  await next.stop();
  expect(await containers()).toEqual([]);
});

test('SIGKILL of the process that started them stops the containers', async () => {
  const program = `
    import { ensureStack } from '@fxtape/stack';
    const log = { info: () => {}, warn: () => {} };
    await ensureStack({ env: process.env, dataDir: ${JSON.stringify(dir.path)}, log, mode: 'docker' });
    console.log('engines run');
    setInterval(() => {}, 1000);`;
  const file = join(WORKSPACE, 'test', 'containers', `.starts-engines-${process.pid}.ts`);
  writeFileSync(file, program);
  try {
    const child = await startNode('starts-engines', [file], { dataDir: dir.path });
    await until(() => child.logs.includes('engines run'), { what: 'the engines', deadlineMs: 120_000 });
    names = await containers();
    expect(names).toHaveLength(2);
    await child.kill('SIGKILL');
    await until(async () => (await containers()).length === 0, {
      what: 'the containers to be gone',
      deadlineMs: 30_000,
      everyMs: 200,
    });
  } finally {
    rmSync(file);
  }
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
  await until(() => questDbAnswers(stack.questdb.httpUrl, passwordOf(stack)), {
    what: 'QuestDB to answer',
    deadlineMs: 60_000,
  });
  await stack.stop();
});
