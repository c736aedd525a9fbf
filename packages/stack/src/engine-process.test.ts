import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isAlive, recordEngine } from './engine-owner.ts';
import { EngineProcess, type EngineSpec } from './engine-process.ts';

const env = { PATH: '/usr/local/bin:/usr/bin:/bin' };
let dir: string;
let warnings: string[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'fxtape-engine-'));
  warnings = [];
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** A shell script that stands for a server; its data folder is on its command line. */
function spec(script: string, more: Partial<EngineSpec> = {}): EngineSpec {
  return {
    title: 'Thing',
    command: '/bin/sh',
    args: ['-c', script, dir],
    env,
    settings: {},
    dir,
    logFile: join(dir, 'thing.log'),
    log: { info: () => {}, warn: (message) => warnings.push(message) },
    ready: async () => existsSync(join(dir, 'ready')),
    readyWithinMs: 10_000,
    ...more,
  };
}

const SERVER = 'trap "exit 0" TERM; touch ready; while :; do sleep 0.05; done';

async function untilGone(pid: number): Promise<void> {
  for (let waited = 0; waited < 10_000 && isAlive(pid); waited += 50) await delay(50);
  expect(isAlive(pid)).toBe(false);
}

test('an engine that ends before it is ready is reported with its last lines', async () => {
  const started = EngineProcess.start(spec('echo "cannot bind"; exit 3'));
  await expect(started).rejects.toMatchObject({
    code: 'ENGINE_START_FAILED',
    message: expect.stringContaining('code 3; its last lines: cannot bind'),
  });
  expect(existsSync(join(dir, 'fxtape-engine.json'))).toBe(false);
});

test('a command that is not there is reported', async () => {
  const started = EngineProcess.start(spec('', { command: join(dir, 'absent') }));
  await expect(started).rejects.toMatchObject({ code: 'ENGINE_START_FAILED' });
});

test('stop ends it cleanly, and by force when it does not listen', async () => {
  const polite = await EngineProcess.start(spec(SERVER));
  expect(await polite.stop(5000)).toEqual({ code: 0, signal: null });
  rmSync(join(dir, 'ready'));
  const deaf = await EngineProcess.start(spec(SERVER.replace('"exit 0"', '""')));
  expect(await deaf.stop(100)).toEqual({ code: null, signal: 'SIGKILL' });
});

test('an engine dies with the process that started it, also by SIGKILL', async () => {
  const program = `
    import { EngineProcess } from ${JSON.stringify(new URL('./engine-process.ts', import.meta.url).href)};
    const { existsSync } = await import('node:fs');
    await EngineProcess.start({ ...JSON.parse(process.argv[1]), log: console,
      ready: async () => existsSync(process.argv[2]) });
    console.log('up');
    setInterval(() => {}, 1000);`;
  const plain = JSON.stringify(spec(SERVER));
  const owner = spawn(
    process.execPath,
    ['--conditions=@fxtape/source', '--input-type=module', '-e', program, plain, join(dir, 'ready')],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await once(owner.stdout, 'data');
  const { pid } = JSON.parse(readFileSync(join(dir, 'fxtape-engine.json'), 'utf8')) as { pid: number };
  expect(isAlive(pid)).toBe(true);
  owner.kill('SIGKILL');
  await untilGone(pid);
});

test('one that outlived its owner is stopped first, one with an owner is left alone', async () => {
  const stale = spawn('/bin/sh', ['-c', SERVER, dir], { cwd: dir, env, stdio: 'ignore' });
  const stalePid = stale.pid ?? 0;
  const deadOwner = spawn('/bin/sh', ['-c', 'exit 0'], { stdio: 'ignore' });
  await once(deadOwner, 'exit');
  recordEngine(dir, { pid: stalePid, ownerPid: process.pid, marker: dir });
  await expect(EngineProcess.start(spec(SERVER))).rejects.toMatchObject({ code: 'ENGINE_DATA_IN_USE' });
  recordEngine(dir, { pid: stalePid, ownerPid: deadOwner.pid ?? 0, marker: dir });
  const engine = await EngineProcess.start(spec(SERVER));
  expect(isAlive(stalePid)).toBe(false);
  expect(warnings).toEqual([expect.stringContaining('outlived')]);
  await engine.stop(5000);
});

test('a pid that belongs to another program now is not touched', async () => {
  const other = spawn('/bin/sh', ['-c', 'sleep 60'], { stdio: 'ignore' });
  recordEngine(dir, { pid: other.pid ?? 0, ownerPid: 1, marker: dir });
  const engine = await EngineProcess.start(spec(SERVER));
  expect(isAlive(other.pid ?? 0)).toBe(true);
  other.kill('SIGKILL');
  await engine.stop(5000);
});
