// What `fxtape up` does about QuestDB and Redis: a given one is used, a missing one is started, and what was started is stopped.
import { ensureStack, holdsRecording, questDbAnswers, redisAnswers, type Stack } from '@fxtape/stack';
import { createLog } from '@fxtape/ops';
import { migrate, QuestDbHttp } from '@fxtape/questdb';
import { machineEnv, type TempDir, tempDir } from '@fxtape/testkit';
import { expect, test } from 'vitest';
import { ownQuestDb, ownRedis } from '../own-servers.ts';

function collectingLog() {
  const lines: string[] = [];
  return {
    lines,
    info: (line: string) => void lines.push(line),
    warn: (line: string) => void lines.push(line),
  };
}

async function ask(conf: string, sql: string) {
  const http = new QuestDbHttp({ conf });
  try {
    return (await http.exec(sql)).dataset;
  } finally {
    http.close();
  }
}

test('given servers are used and left running', async () => {
  const { conf, http, pg } = ownQuestDb();
  const { url } = ownRedis();
  const dir = tempDir('stack');
  const env = { ...machineEnv(), QDB_CLIENT_CONF: conf, QUESTDB_PG_URL: pg, REDIS_URL: url };
  const stack = await ensureStack({ env, dataDir: dir.path, log: collectingLog() });
  expect(stack.questdb).toEqual({ how: 'given', conf, httpUrl: http, pgUrl: pg, readerUrl: null });
  expect(stack.redis).toEqual({ how: 'given', url });
  await stack.stop();
  expect(await questDbAnswers(http)).toBe(true);
  await dir.remove();
});

test('a given server that does not answer is a warning: the tape records without it', async () => {
  const dir = tempDir('stack');
  const log = collectingLog();
  const env = { QDB_CLIENT_CONF: 'http::addr=127.0.0.1:9;', REDIS_URL: ownRedis().url };
  const stack = await ensureStack({ env, dataDir: dir.path, log });
  expect(stack.questdb.how).toBe('given');
  expect(log.lines.join('\n')).toContain('QuestDB at 127.0.0.1:9 does not answer yet');
  await dir.remove();
});

test('local engines are started in the data folder, stopped, and found again with their data', async () => {
  const dir = tempDir('stack');
  const o = { env: machineEnv(), dataDir: dir.path, log: collectingLog(), mode: 'local' as const };
  const first = await ensureStack(o);
  expect([first.questdb.how, first.redis.how]).toEqual(['local', 'local']);
  const create = 'CREATE TABLE kept (ts TIMESTAMP) TIMESTAMP(ts) PARTITION BY DAY WAL';
  await ask(first.questdb.conf, create);
  await expect(ensureStack(o)).rejects.toMatchObject({ code: 'ENGINE_DATA_IN_USE' });
  await first.stop();
  expect(await questDbAnswers(first.questdb.httpUrl)).toBe(false);
  expect(await redisAnswers(first.redis.url)).toBe(false);
  const second = await ensureStack(o);
  expect(await ask(second.questdb.conf, 'SELECT * FROM kept')).toEqual([]);
  await second.stop();
  await dir.remove();
});

test('a second data folder gets engines of its own, and neither opens to the passwords of the other', async () => {
  const dirs = [tempDir('stack-first'), tempDir('stack-second')];
  const start = (dataDir: string) =>
    ensureStack({ env: machineEnv(), dataDir, log: collectingLog(), mode: 'local' });
  const stacks: Stack[] = [];
  try {
    for (const { path } of dirs) stacks.push(await start(path));
    const [first, second] = stacks as [Stack, Stack];
    await ask(
      first.questdb.conf,
      'CREATE TABLE of_the_first (ts TIMESTAMP) TIMESTAMP(ts) PARTITION BY DAY WAL',
    );
    expect(
      await ask(second.questdb.conf, "SELECT table_name FROM tables() WHERE table_name = 'of_the_first'"),
    ).toEqual([]);
    const ports = (stack: Stack) =>
      [stack.questdb.httpUrl, stack.questdb.pgUrl, stack.redis.url].map((url) => new URL(url).port);
    expect(new Set([...ports(first), ...ports(second)]).size).toBe(6);
    const passwordOf = ({ questdb }: Stack) => /password=([^;]+)/.exec(questdb.conf)?.[1] ?? '';
    expect(await questDbAnswers(first.questdb.httpUrl, passwordOf(first))).toBe(true);
    expect(await questDbAnswers(first.questdb.httpUrl, passwordOf(second))).toBe(false);
    const port = new URL(first.redis.url).port;
    expect(await redisAnswers(first.redis.url)).toBe(true);
    expect(await redisAnswers(second.redis.url.replace(/:\d+$/, `:${port}`))).toBe(false);
    expect(await redisAnswers(`redis://127.0.0.1:${port}`)).toBe(false);
    // It comes back where it was.
    await second.stop();
    stacks[1] = await start((dirs[1] as TempDir).path);
    expect(ports(stacks[1])).toEqual(ports(second));
  } finally {
    for (const stack of stacks) await stack.stop();
    for (const dir of dirs) await dir.remove();
  }
});

test('a database without a password is known for a recording by its tables, and only read for that', async () => {
  const { http } = ownQuestDb();
  const open = new QuestDbHttp({ conf: ownQuestDb().conf });
  await open.exec('DROP TABLE IF EXISTS schema_migrations');
  expect(await holdsRecording(http)).toBe(false);
  await migrate({ client: open, log: createLog({ service: 'test', level: 'silent' }) });
  expect(await holdsRecording(http)).toBe(true);
  expect(await holdsRecording('http://127.0.0.1:9')).toBe(false);
  open.close();
});

test('an unknown kind of engines is refused', async () => {
  const started = ensureStack({ env: { FXTAPE_ENGINES: 'podman' }, dataDir: '.', log: collectingLog() });
  await expect(started).rejects.toMatchObject({ code: 'ENGINE_MODE_UNKNOWN' });
});
