import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EngineProcess } from './engine-process.ts';
import { runCommand } from './run-command.ts';

const secrets = {
  FXSOCKET_API_KEY: 'a-key-of-an-account',
  MY_OTHER_KEY: 'another-key',
  QDB_CLIENT_CONF: 'http::addr=h;username=u;password=geheim;',
  REDIS_URL: 'redis://:geheim@h',
  AWS_SECRET_ACCESS_KEY: 'a-key-of-a-bucket',
  QDB_HTTP_PASSWORD: 'set-by-nobody-here',
};
const env = { ...secrets, PATH: '/usr/local/bin:/usr/bin:/bin', TZ: 'UTC', https_proxy: 'http://proxy:1' };

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'fxtape-variables-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const names = (text: string) => new Map(text.split('\n').map((line) => line.split('=') as [string, string]));

test('a server gets the variables of the machine, its own settings and no secret', async () => {
  const engine = await EngineProcess.start({
    title: 'Thing',
    command: '/bin/sh',
    args: ['-c', 'trap "exit 0" TERM; env >got; touch ready; while :; do sleep 0.05; done', dir],
    env,
    settings: { QDB_HTTP_PASSWORD_FILE: '/a/file' },
    dir,
    logFile: join(dir, 'thing.log'),
    log: { info: () => {}, warn: () => {} },
    ready: async () => (await runCommand('test', ['-e', join(dir, 'ready')], { env })).code === 0,
    readyWithinMs: 10_000,
  });
  await engine.stop(5000);
  const got = names(readFileSync(join(dir, 'got'), 'utf8'));
  expect(got.get('TZ')).toBe('UTC');
  expect(got.get('QDB_HTTP_PASSWORD_FILE')).toBe('/a/file');
  for (const name of [...Object.keys(secrets), 'https_proxy']) expect(got.has(name), name).toBe(false);
});

test('a tool gets its way to the network and no secret', async () => {
  const { stdout } = await runCommand('env', [], { env });
  const got = names(stdout);
  expect(got.get('https_proxy')).toBe('http://proxy:1');
  for (const name of Object.keys(secrets)) expect(got.has(name), name).toBe(false);
});
