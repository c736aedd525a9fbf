// `fxtape up` and the processes that it keeps: one Ctrl-C stops all of them in order however many ways it comes, and what cannot work is
// an error with its reason. cli-up.long.test.ts has kills and second starts.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { runFxtape, startFxtape, until } from '@fxtape/testkit';
import { expect, test } from 'vitest';
import { begin, dir, env, gone, live, pidOf, runs, SERVICES, start } from './demonstration.ts';
import { ownQuestDb } from '../own-servers.ts';

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

test('the demonstration: three brokers’ ticks, and the paper trader’s orders as trades, deals and positions', async () => {
  await start();
  const rows = async (table: string, where: string): Promise<number> => {
    const query = encodeURIComponent(`SELECT count() FROM ${table} WHERE ${where}`);
    const answer = await fetch(`${ownQuestDb().http}/exec?query=${query}`);
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
  const child = await begin();
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
