// `fxtape up` through kills and second starts: nothing outlives a killed `up`, a crashed service comes back, one that cannot start is an
// error with its reason, and a second start touches nothing.
import { readCredentials, renewCredentials } from '@fxtape/stack';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, runFxtape, until } from '@fxtape/testkit';
import { expect, test } from 'vitest';
import { begin, data, dir, env, gone, live, pidOf, runs, SERVICES, start } from './demonstration.ts';

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
  const child = await begin({ FXTAPE_HTTP_ADDR: `0.0.0.0:${await freePort()}` });
  const exit = await child.exited;
  expect(exit.code).toBe(1);
  const last = child.logs.trimEnd().split('\n').at(-1);
  expect(last).toMatch(/^SERVICE_START_FAILED: console ended 4 times before it was up, .*API_TOKEN_REQUIRED/);
  for (const name of SERVICES) expect(pidOf(name)).toBeNull();
});

test('variables that are given as files, and new passwords', async () => {
  const files: Record<string, string> = {};
  for (const name of ['QDB_CLIENT_CONF', 'QUESTDB_PG_URL', 'REDIS_URL']) {
    const path = join(dir.path, name);
    writeFileSync(path, `${env[name]}\n`);
    files[`${name}_FILE`] = path;
    delete env[name];
  }
  Object.assign(env, files);
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
