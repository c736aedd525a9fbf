// `fxtape up` and the processes that it keeps: one Ctrl-C stops all of them in order however many ways it comes, nothing outlives a
// killed `up`, a crashed service comes back, and one that cannot start is an error with its reason.
import { readCredentials, renewCredentials } from '@fxtape/stack';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { readServiceInfo } from '@fxtape/ops';
import {
  type ChildHandle,
  freePort,
  runFxtape,
  startFxtape,
  type TempDir,
  tempDir,
  until,
} from '@fxtape/testkit';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';

const SERVICES = ['simulator', 'collector', 'scheduler', 'backfill', 'console'];
let dir: TempDir;
let env: Record<string, string>;
let up: ChildHandle | null = null;

beforeEach(async () => {
  dir = tempDir('up');
  const [http, simulator, control] = [await freePort(), await freePort(), await freePort()];
  env = {
    QDB_CLIENT_CONF: inject('questdb').conf,
    QUESTDB_PG_URL: inject('questdb').pg,
    REDIS_URL: inject('redis').url,
    FXTAPE_HTTP_ADDR: `127.0.0.1:${http}`,
    FXTAPE_SIMULATOR_ADDR: `127.0.0.1:${simulator}`,
    FXTAPE_SIMULATOR_CONTROL_ADDR: `127.0.0.1:${control}`,
  };
});
afterEach(async () => {
  await up?.kill();
  up = null;
  await dir.remove();
});

/** Of the demonstration. */
const data = () => join(dir.path, 'demo');
const pidOf = (service: string): number | null => readServiceInfo(data(), service)?.pid ?? null;

const runs = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false; // no such process
  }
};

async function start(
  args: readonly string[] = ['up', '--demo'],
): Promise<{ child: ChildHandle; pids: number[] }> {
  const child = await startFxtape(args, { dataDir: dir.path, env, ownGroup: true });
  up = child;
  await until(() => child.logs.includes('Ctrl-C') || child.exit !== null, {
    what: 'everything to run',
    deadlineMs: 30_000,
  });
  const pids = SERVICES.map((name) => pidOf(name)).filter((pid) => pid !== null);
  expect(pids, child.lastLines()).toHaveLength(SERVICES.length);
  return { child, pids };
}

/** Tests share a database: what a killed recorder of an earlier one held is watched for half a minute. */
const live = () =>
  until(
    async () => (await fetch(`http://${readServiceInfo(data(), 'collector')?.http}/readyz`)).status === 200,
    { what: 'every stream to be live', deadlineMs: 120_000, everyMs: 100 },
  );

const gone = (pids: readonly number[], deadlineMs: number) =>
  until(() => !pids.some(runs), { what: 'all services to end', deadlineMs });

test.for(['SIGINT', 'SIGTERM'] as const)(
  '%s to the whole group stops everything in order, code 0',
  async (signal) => {
    const { child, pids } = await start();
    await live();
    const startedMs = performance.now();
    // As in a terminal, and once more by a wrapper that passes it on.
    child.signalGroup(signal);
    child.signal(signal);
    const exit = await child.exited;
    expect(exit, child.lastLines()).toEqual({ code: 0, signal: null });
    expect(performance.now() - startedMs).toBeLessThan(10_000);
    expect(pids.filter(runs)).toEqual([]);
    // A stack inside a JSON line belongs to a connection that was refused while the others were starting.
    expect(child.logs).not.toMatch(
      /at once|"level":"(warn|error|fatal)".*(did not stop|uncaught)|^\s+at .*node:internal/m,
    );
    for (const name of SERVICES) expect(pidOf(name)).toBeNull();
  },
);

test('SIGKILL of `up` ends its services in order: no orphan keeps the lock of the tape', async () => {
  const { child, pids } = await start();
  await live();
  await child.kill('SIGKILL');
  await gone(pids, 12_000);
  // They were not just killed: the stop is on the tape.
  const tape = await runFxtape(['tape', 'cat', 'demo'], { dataDir: dir.path, env });
  expect(tape.code, tape.output).toBe(0);
  expect(tape.stdout.trimEnd().split('\n').slice(-5).join('\n')).toContain('"event":"stop"');
  const { child: next } = await start();
  next.signalGroup('SIGINT');
  expect((await next.exited).code).toBe(0);
  expect(next.logs).not.toContain('TAPE_LOCKED');
});

test('the demonstration: three brokers’ ticks, and the paper trader’s orders as trades, deals and positions', async () => {
  await start();
  const rows = async (table: string, where: string): Promise<number> => {
    const query = encodeURIComponent(`SELECT count() FROM ${table} WHERE ${where}`);
    const answer = await fetch(`${inject('questdb').http}/exec?query=${query}`);
    const { dataset } = (await answer.json()) as { dataset?: [[number]] };
    return dataset?.[0][0] ?? 0;
  };
  for (const [table, where] of [
    ['trade_events', "comment LIKE 'paper %'"],
    ['deals', "comment LIKE 'paper %'"],
    ['position_events', "comment LIKE 'paper %'"],
    ['account_events', 'margin > 0'],
    // Each broker spells its symbols and sets its clock in its own way; the first one keeps New York's day.
    ['ticks', "feed = 'demo' AND symbol = 'BTCUSD' AND utc_offset_s >= 7200"],
    ['ticks', "feed = 'demo-four' AND symbol = 'BTCUSDm' AND utc_offset_s = 7200"],
    ['ticks', "feed = 'demo-netting' AND symbol = 'BTCUSD.x' AND utc_offset_s = 0"],
    ['deals', "account = 'demo-four' AND symbol LIKE '%m'"],
    ['deals', "account = 'demo-netting' AND symbol LIKE '%.x'"],
  ] as const)
    await until(async () => (await rows(table, where)) > 0, {
      what: `rows of ${table} where ${where}`,
      deadlineMs: 90_000,
      everyMs: 200,
    });
});

test('a service that crashes is started again', async () => {
  const { child } = await start();
  const before = pidOf('collector') as number;
  process.kill(before, 'SIGKILL');
  const after = await until(
    () => {
      const pid = pidOf('collector');
      return pid !== null && pid !== before && runs(pid) ? pid : null;
    },
    { what: 'a new collector', deadlineMs: 20_000 },
  );
  expect(child.logs).toMatch(/collector ended \(SIGKILL\); restarting it in 500 ms/);
  child.signalGroup('SIGINT');
  expect((await child.exited).code).toBe(0);
  expect(runs(after)).toBe(false);
});

test('a service that never comes up ends `up` with code 1 and the reason', async () => {
  // A console that listens beyond loopback needs a token.
  const beyond = { ...env, FXTAPE_HTTP_ADDR: `0.0.0.0:${await freePort()}` };
  const child = await startFxtape(['up', '--demo'], { dataDir: dir.path, env: beyond, ownGroup: true });
  up = child;
  const exit = await child.exited;
  expect(exit.code).toBe(1);
  const last = child.logs.trimEnd().split('\n').at(-1);
  expect(last).toMatch(/^SERVICE_START_FAILED: console ended 4 times before it was up, .*API_TOKEN_REQUIRED/);
  for (const name of SERVICES) expect(pidOf(name)).toBeNull();
});

test('what is wrong with the environment is told at once, by the name of its variable, and nothing is made', async () => {
  const taken = createServer();
  const port = Number((env['FXTAPE_HTTP_ADDR'] as string).split(':')[1]);
  await new Promise<void>((resolve) => taken.listen(port, '127.0.0.1', resolve));
  const missing = join(dir.path, 'nowhere.yaml');
  const wrong: [Record<string, string>, RegExp][] = [
    [
      {},
      /^HTTP_LISTEN_FAILED: FXTAPE_HTTP_ADDR: cannot listen on 127.0.0.1:\d+: another process listens there\. .*\n$/,
    ],
    [{ LOG_LEVEL: 'verbose' }, /^ENV_INVALID: .*LOG_LEVEL: must be one of .*\n$/],
    [{ REDIS_URL: '127.0.0.1' }, /^ENV_INVALID: .*REDIS_URL: must be an address such as redis:.*\n$/],
    [{ FXTAPE_HTTP_ADDR: '7070' }, /^ENV_INVALID: .*FXTAPE_HTTP_ADDR: must be host:port.*\n$/],
    [{ QUESTDB_READER_URL: 'reader' }, /^ENV_INVALID: .*QUESTDB_READER_URL: must be an address.*\n$/],
  ];
  for (const [more, said] of wrong) {
    const { code, output } = await runFxtape(['up', '--demo'], {
      dataDir: dir.path,
      env: { ...env, ...more },
    });
    expect(output).toMatch(said);
    expect(code).toBe(1);
  }
  const named = { ...env, FXTAPE_CONFIG: missing };
  const absent = await runFxtape(['up'], { dataDir: dir.path, env: named });
  expect(absent).toMatchObject({
    code: 1,
    output: expect.stringMatching(/^CONFIG_NOT_FOUND: .*nowhere\.yaml/),
  });
  taken.close();
  expect(readdirSync(dir.path).filter((name) => name !== 'logs')).toEqual([]);
});

test('variables that are given as files, and new passwords', async () => {
  const files: Record<string, string> = {};
  for (const name of ['QDB_CLIENT_CONF', 'QUESTDB_PG_URL', 'REDIS_URL']) {
    const path = join(dir.path, name);
    writeFileSync(path, `${env[name]}\n`);
    files[`${name}_FILE`] = path;
    delete env[name];
  }
  env = { ...env, ...files };
  await start();
  await live();
  const none = await runFxtape(['credentials', 'rotate'], { dataDir: dir.path, env });
  // These engines are not fxtape's: it has no passwords to renew.
  expect(none).toMatchObject({ code: 1, output: expect.stringMatching(/^CREDENTIALS_NONE: /) });
  const before = renewCredentials(join(dir.path, 'demo'));
  const running = await runFxtape(['credentials', 'rotate'], { dataDir: dir.path, env });
  expect(running).toMatchObject({ code: 1, output: expect.stringMatching(/^ALREADY_RUNNING: /) });
  expect(readCredentials(join(dir.path, 'demo'))).toEqual(before);
});

test('a second start on the same folder is told at once, and touches nothing', async () => {
  const { child, pids } = await start();
  await live();
  const run = () =>
    Object.fromEntries(
      readdirSync(join(data(), 'run'), { withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ name }) => [name, readFileSync(join(data(), 'run', name), 'utf8')]),
    );
  const before = run();
  const again = await runFxtape(['up', '--demo'], { dataDir: dir.path, env });
  expect(again).toMatchObject({
    code: 1,
    output: expect.stringMatching(
      new RegExp(`^ALREADY_RUNNING: fxtape is already running here \\(pid ${child.pid}\\).*\\n$`),
    ),
  });
  const alone = await runFxtape(['run', 'console'], { dataDir: data(), env });
  expect(alone).toMatchObject({ code: 1, output: expect.stringMatching(/^ALREADY_RUNNING: /) });
  expect(run()).toEqual(before);
  expect(pids.filter(runs)).toEqual(pids);
  const status = await runFxtape(['status', '--json'], { dataDir: dir.path, env });
  expect(JSON.parse(status.stdout)).toMatchObject({ verdict: expect.not.stringMatching('down') });
  // A kill leaves nothing behind that would stop the next one.
  await child.kill('SIGKILL');
  await gone(pids, 12_000);
  await start();
});

test('a data folder that cannot be one is told with its variable', async () => {
  const file = join(dir.path, 'a-file');
  writeFileSync(file, '');
  const demo = join(dir.path, 'holds-a-file');
  mkdirSync(demo);
  writeFileSync(join(demo, 'demo'), '');
  for (const [path, why] of [
    // The demonstration's own folder would lie inside it.
    [file, 'cannot be written (ENOTDIR)'],
    [demo, 'is a file, not a folder'],
  ] as const) {
    const outcome = await runFxtape(['up', '--demo'], {
      dataDir: dir.path,
      env: { ...env, FXTAPE_DATA_DIR: path },
    });
    expect(outcome.code).toBe(1);
    expect(outcome.output).toMatch(/^DATA_DIR_UNUSABLE: FXTAPE_DATA_DIR: [^\n]*\n$/);
    expect(outcome.output).toContain(why);
  }
});

test('a signal while it is starting stops it too', async () => {
  const child = await startFxtape(['up', '--demo'], { dataDir: dir.path, env, ownGroup: true });
  up = child;
  const pid = await until(() => pidOf('simulator'), { what: 'the first service', deadlineMs: 40_000 });
  child.signalGroup('SIGTERM');
  expect(await child.exited).toEqual({ code: 0, signal: null });
  await gone([pid], 5000);
});

test('a configuration that cannot be used, or a key that is missing, is said before anything starts', async () => {
  const file = join(dir.path, 'fxtape.yaml');
  const outcome = async () => {
    const child = await startFxtape(['up'], { dataDir: dir.path, env, ownGroup: true });
    return { code: (await child.exited).code, text: child.logs };
  };
  writeFileSync(file, 'accounts: 5\n');
  expect(await outcome()).toMatchObject({ code: 1, text: expect.stringMatching(/^CONFIG_INVALID: .*\n$/) });
  const id = '0f9c2d4e-6a1b-4c3d-8e5f-7a9b0c1d2e3f';
  writeFileSync(file, `accounts: [{ name: a, id: ${id}, market_data: { symbols: [EURUSD] } }]\n`);
  expect(await outcome()).toMatchObject({ code: 1, text: expect.stringMatching(/^KEY_MISSING: .*\n$/) });
});
