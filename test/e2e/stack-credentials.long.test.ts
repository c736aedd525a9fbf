// Engines that fxtape starts ask for passwords, over every door, and what fxtape itself and its people use knows them.
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { ensureStack, LocalQuestDb, type Stack } from '@fxtape/stack';
import { JobQueues } from '@fxtape/jobs';
import { migrate, pgQuery, QuestDbHttp } from '@fxtape/questdb';
import { createLog } from '@fxtape/ops';
import { machineEnv, runFxtape, type TempDir, tempDir } from '@fxtape/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

const SECRET = 'a-key-that-no-engine-may-have';
let dir: TempDir;
let stack: Stack;
let lines: string[];
const log = createLog({ service: 'test', level: 'silent' });

beforeAll(async () => {
  dir = tempDir('credentials');
  // As an older release left it: no passwords, and rows that have to stay.
  const older = new LocalQuestDb({
    dir: join(dir.path, 'questdb'),
    logFile: join(dir.path, 'older.log'),
    env: machineEnv(),
    log: { info: () => {}, warn: () => {} },
  });
  await older.start();
  const open = new QuestDbHttp({ conf: older.address.conf });
  await migrate({ client: open, log });
  await open.exec('CREATE TABLE kept (ts TIMESTAMP, n LONG) TIMESTAMP(ts) PARTITION BY DAY WAL');
  await open.exec("INSERT INTO kept VALUES ('2026-01-05T00:00:00Z', 7)");
  open.close();
  await older.stop();
  lines = [];
  stack = await ensureStack({
    env: { ...machineEnv(), FXSOCKET_API_KEY: SECRET },
    dataDir: dir.path,
    log: { info: (line) => void lines.push(line), warn: (line) => void lines.push(line) },
    mode: 'local',
  });
});
afterAll(async () => {
  await stack?.stop();
  await dir?.remove();
});

const passwords = (): string[] => {
  const { questdb, redis } = JSON.parse(readFileSync(join(dir.path, 'credentials.json'), 'utf8')) as {
    questdb: { admin: string; reader: string };
    redis: string;
  };
  return [questdb.admin, questdb.reader, redis];
};
const url = (path: string) => `${stack.questdb.httpUrl}${path}`;
const exec = (sql: string) => url(`/exec?query=${encodeURIComponent(sql)}`);
const basic = () => {
  const [admin] = passwords();
  return { authorization: `Basic ${Buffer.from(`admin:${admin}`).toString('base64')}` };
};
const reader = (sql: string) => pgQuery(stack.env.QUESTDB_READER_URL as string, sql);

test('without the password nothing is read or changed over HTTP', async () => {
  const row = 'kept n=8i 1767571200000000000\n';
  expect((await fetch(exec('SELECT * FROM kept'))).status).toBe(401);
  expect((await fetch(exec('DROP TABLE kept'))).status).toBe(401);
  expect((await fetch(url('/write'), { method: 'POST', body: row })).status).toBe(401);
  const form = new FormData();
  form.append('data', new Blob(['a\n1\n']), 'x.csv');
  expect((await fetch(url('/imp?name=made'), { method: 'POST', body: form })).status).toBe(401);
  expect((await fetch(url('/exp?query=kept'))).status).toBe(401);
  expect((await fetch(url('/settings'), { method: 'PUT', body: '{}' })).status).toBe(401);
  const http = new QuestDbHttp({ conf: stack.env.QDB_CLIENT_CONF });
  expect((await http.exec('SELECT n FROM kept')).dataset).toEqual([['7']]);
  http.close();
});

test('a login sets no cookie, which every page of this host would send along', async () => {
  const answer = await fetch(`${exec('SELECT 1')}&session=true`, { headers: basic() });
  expect(answer.status).toBe(200);
  expect(answer.headers.getSetCookie()).toEqual([]);
});

test('the default password of the PostgreSQL wire opens nothing', async () => {
  const { port } = new URL(stack.env.QUESTDB_PG_URL);
  await expect(pgQuery(`postgresql://admin:quest@127.0.0.1:${port}/qdb`, 'SELECT 1')).rejects.toThrow();
  await expect(pgQuery(`postgresql://user:quest@127.0.0.1:${port}/qdb`, 'SELECT 1')).rejects.toThrow();
  expect(await pgQuery(stack.env.QUESTDB_PG_URL, 'SELECT n FROM kept')).toEqual([{ n: '7' }]);
});

test('the reader reads, and changes nothing', async () => {
  expect(await reader('SELECT n FROM kept')).toEqual([{ n: '7' }]);
  expect(await reader('SELECT count() n FROM gaps')).toEqual([{ n: '0' }]);
  for (const statement of [
    'DROP TABLE kept',
    'TRUNCATE TABLE kept',
    "INSERT INTO kept VALUES ('2026-01-06T00:00:00Z', 8)",
    'CREATE TABLE made (n INT)',
    'ALTER TABLE kept SUSPEND WAL',
    "COPY (SELECT * FROM kept) TO 'x' WITH FORMAT PARQUET",
    "SELECT * FROM read_parquet('x')",
  ])
    await expect(reader(statement), statement).rejects.toThrow();
  expect(await reader('SELECT n FROM kept')).toEqual([{ n: '7' }]);
});

test('Redis asks for its password', async () => {
  const ask = async (...words: string[]) => {
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(stack.redis.url).port) });
    socket.write(`${words.join(' ')}\r\n`);
    const [reply] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    return reply.toString();
  };
  expect(await ask('PING')).toContain('NOAUTH');
  expect(await ask('EVAL', '"return 1"', '0')).toContain('NOAUTH');
  const queues = new JobQueues({ redisUrl: stack.env.REDIS_URL, log });
  await expect(queues.report()).resolves.toBeDefined();
  await queues.close();
});

test('passwords lie in files of their owner; command lines, environments and the log hold none, and no key', () => {
  expect(statSync(join(dir.path, 'credentials.json')).mode & 0o777).toBe(0o600);
  for (const [engine, files] of [
    ['questdb', ['fxtape-admin-password', 'fxtape-reader-password']],
    ['redis', ['fxtape-redis.conf']],
  ] as const) {
    const { pid } = JSON.parse(readFileSync(join(dir.path, engine, 'fxtape-engine.json'), 'utf8')) as {
      pid: number;
    };
    for (const what of ['environ', 'cmdline']) {
      const text = readFileSync(`/proc/${pid}/${what}`, 'latin1');
      for (const secret of [...passwords(), SECRET]) expect(text, `${engine} ${what}`).not.toContain(secret);
    }
    const found = readdirSync(join(dir.path, engine)).filter((name) => name.startsWith('fxtape-'));
    expect(found).toEqual(expect.arrayContaining([...files]));
    for (const name of files) expect(statSync(join(dir.path, engine, name)).mode & 0o777).toBe(0o600);
  }
  const logs = readdirSync(join(dir.path, 'run')).map((name) =>
    readFileSync(join(dir.path, 'run', name), 'utf8'),
  );
  for (const secret of passwords()) expect([...lines, ...logs].join('\n')).not.toContain(secret);
});

test('fxtape sql: rows, CSV, JSON, and a refusal with its code', async () => {
  const sql = (...args: string[]) =>
    runFxtape(['sql', ...args], {
      dataDir: dir.path,
      env: { QUESTDB_READER_URL: stack.env.QUESTDB_READER_URL, QDB_CLIENT_CONF: stack.env.QDB_CLIENT_CONF },
    });
  const plain = await sql('SELECT ts, n FROM kept');
  expect(plain).toMatchObject({
    code: 0,
    stdout: 'ts                           n\n2026-01-05T00:00:00.000000Z  7\n',
  });
  expect((await sql('SELECT ts, n FROM kept', '--csv')).stdout).toBe('ts,n\n2026-01-05T00:00:00.000000Z,7\n');
  expect(JSON.parse((await sql('SELECT ts, n FROM kept', '--json')).stdout)).toEqual([
    { ts: '2026-01-05T00:00:00.000000Z', n: 7 },
  ]);
  // More than a connection holds at once, and more than a table shows.
  const many = await sql('SELECT x FROM long_sequence(200000)', '--csv');
  expect(many.stdout.trimEnd().split('\n')).toHaveLength(200_001);
  expect((await sql('SELECT x FROM long_sequence(5000)')).output).toContain('There are more rows');
  expect((await sql('SELECT n FROM kept WHERE n > 7', '--csv')).stdout).toBe('n\n');
  for (const [statement, said] of [
    ['DROP TABLE kept', /^QDB_SQL: QuestDB refused a statement: Write permission denied/],
    ['SELECT * FROM nope', /^QDB_SQL: .*table does not exist/],
  ] as const)
    expect(await sql(statement)).toMatchObject({ code: 1, output: expect.stringMatching(said) });
  const how = await sql('--admin');
  const [admin, readerPassword] = passwords();
  expect(how.stdout).toContain(admin);
  expect(how.stdout).toContain(`psql "postgresql://reader:${readerPassword}@127.0.0.1:`);
  expect((await sql()).stdout).not.toContain(admin);
});

test('new passwords hold from the next start on, and the rows stay', async () => {
  const before = passwords();
  const given = { QDB_CLIENT_CONF: stack.env.QDB_CLIENT_CONF, FXTAPE_CONFIG: join(dir.path, 'none.yaml') };
  const rotated = await runFxtape(['credentials', 'rotate'], { dataDir: dir.path, env: given });
  expect(rotated).toMatchObject({ code: 0, output: expect.stringContaining('New passwords') });
  for (const password of passwords()) expect(before).not.toContain(password);
  const { QDB_CLIENT_CONF: old } = stack.env;
  await stack.stop();
  stack = await ensureStack({
    env: machineEnv(),
    dataDir: dir.path,
    log: { info: () => {}, warn: () => {} },
    mode: 'local',
  });
  const locked = new QuestDbHttp({ conf: old });
  await expect(locked.exec('SELECT 1')).rejects.toMatchObject({ code: 'QDB_UNAUTHORIZED' });
  locked.close();
  expect(await reader('SELECT n FROM kept')).toEqual([{ n: '7' }]);
  const empty = tempDir('no-credentials');
  const none = await runFxtape(['credentials', 'rotate'], { dataDir: empty.path, env: given });
  expect(none).toMatchObject({ code: 1, output: expect.stringMatching(/^CREDENTIALS_NONE: /) });
  await empty.remove();
});

test('fxtape sql says how to make a reader where none is known, and what to start where nothing runs', async () => {
  const other = tempDir('no-reader');
  const nothing = await runFxtape(['sql', 'SELECT 1'], { dataDir: other.path });
  expect(nothing).toMatchObject({ code: 1, output: expect.stringMatching(/^NOT_RUNNING: /) });
  const given = { QDB_CLIENT_CONF: stack.env.QDB_CLIENT_CONF };
  const unknown = await runFxtape(['sql', 'SELECT 1'], { dataDir: other.path, env: given });
  expect(unknown).toMatchObject({ code: 1, output: expect.stringMatching(/^READER_UNKNOWN: .*readonly/) });
  await other.remove();
});
