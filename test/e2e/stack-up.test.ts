// What `fxtape up` does about QuestDB and Redis: a given one is used, a missing one is started, and what was started is stopped.
import { ensureStack, questDbAnswers, redisAnswers } from '@fxtape/cli/stack';
import { QuestDbHttp } from '@fxtape/questdb';
import { machineEnv, tempDir } from '@fxtape/testkit';
import { expect, inject, test } from 'vitest';

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
  const { conf, http, pg } = inject('questdb');
  const { url } = inject('redis');
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
  const env = { QDB_CLIENT_CONF: 'http::addr=127.0.0.1:9;', REDIS_URL: inject('redis').url };
  const stack = await ensureStack({ env, dataDir: dir.path, log });
  expect(stack.questdb.how).toBe('given');
  expect(log.lines.join('\n')).toContain('QuestDB at http://127.0.0.1:9 does not answer yet');
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

test('an unknown kind of engines is refused', async () => {
  const started = ensureStack({ env: { FXTAPE_ENGINES: 'podman' }, dataDir: '.', log: collectingLog() });
  await expect(started).rejects.toMatchObject({ code: 'ENGINE_MODE_UNKNOWN' });
});
