import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DockerEngine } from './docker-engine.ts';
import type { EngineKind, Place } from './engine-kinds.ts';
import { type EngineMode, ensureEngine } from './ensure-engine.ts';

let dir: string;
let lines: string[];
let started: { how: 'docker' | 'local'; ports: readonly number[] }[];
let stopped: number;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'fxtape-choice-'));
  lines = [];
  started = [];
  stopped = 0;
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Starts are only noted down. Nothing listens at its default address unless a test says so. */
function kind(
  name: 'questdb' | 'redis',
  o: { ours?: boolean; given?: string; port?: number } = {},
): EngineKind<string> {
  const start = (how: 'docker' | 'local', place: Place) => {
    started.push({ how, ports: place.ports });
  };
  return {
    name,
    title: 'Thing',
    variable: 'THING_URL',
    ports: [o.port ?? 1],
    given: () =>
      o.given === undefined ? null : { address: o.given, where: o.given, answers: async () => true },
    standard: { address: 'standard', where: '127.0.0.1:1', isOurs: async () => o.ours === true },
    docker: (place) => ({
      engine: new (class extends DockerEngine {
        override async start() {
          start('docker', place);
        }
        override async stop() {
          stopped += 1;
        }
      })({
        ...place,
        title: 'Thing',
        name,
        image: 'none',
        settings: {},
        secrets: {},
        args: [],
        volumePath: '/',
        inside: [],
        ready: async () => true,
      }),
      address: () => 'in docker',
      ports: () => [7],
    }),
    local: (place) => ({
      engine: {
        exited: new Promise(() => {}),
        start: async () => start('local', place),
        stop: async () => void (stopped += 1),
        lastLines: () => [],
      },
      address: () => 'local',
      ports: () => [8],
    }),
  };
}

const ensure = (of: EngineKind<string>, o: { docker?: boolean; mode?: EngineMode } = {}) =>
  ensureEngine(of, {
    env: { PATH: '/nothing/here' },
    dataDir: dir,
    log: { info: (line) => void lines.push(line), warn: (line) => void lines.push(line) },
    mode: o.mode ?? 'auto',
    docker: async () => o.docker === true,
  });
const memory = () => JSON.parse(readFileSync(join(dir, 'engines.json'), 'utf8')) as Record<string, unknown>;

test('a new folder: Docker where it answers, else the local binaries', async () => {
  expect(await ensure(kind('questdb'), { docker: true })).toMatchObject({
    address: 'in docker',
    how: 'docker',
  });
  expect(await ensure(kind('redis'))).toMatchObject({ address: 'local', how: 'local' });
  expect(memory()).toEqual({
    questdb: { how: 'docker', where: 'Docker', ports: [7] },
    redis: { how: 'local', where: 'this data folder', ports: [8] },
  });
});

test('what a folder used it uses again, on its ports, whatever else answers by then', async () => {
  await ensure(kind('questdb'));
  await ensure(kind('questdb', { ours: true }), { docker: true });
  expect(started).toEqual([
    { how: 'local', ports: [1] },
    { how: 'local', ports: [8] },
  ]);
  rmSync(join(dir, 'engines.json'));
  await ensure(kind('questdb'), { docker: true });
  await ensure(kind('questdb'), { docker: true });
  expect(started.slice(2)).toEqual([
    { how: 'docker', ports: [1] },
    { how: 'docker', ports: [7] },
  ]);
});

test('a database that is gone is not replaced by an empty one', async () => {
  await ensure(kind('questdb'), { docker: true });
  await expect(ensure(kind('questdb'))).rejects.toMatchObject({
    code: 'ENGINE_CHANGED',
    message: 'this data folder uses a Thing in Docker, and no Docker engine answers',
  });
  await ensure(kind('questdb', { given: 'db.example:9000' }));
  await expect(ensure(kind('questdb'), { docker: true })).rejects.toMatchObject({
    code: 'ENGINE_CHANGED',
    message: 'this data folder uses the Thing at db.example:9000, but THING_URL is no longer set',
    hint: expect.stringContaining('Set THING_URL again'),
  });
  expect(started).toHaveLength(1);
  // On purpose it is.
  expect(await ensure(kind('questdb'), { mode: 'local' })).toMatchObject({ how: 'local' });
  expect(lines.join('\n')).toContain('FXTAPE_ENGINES=local starts a new one');
  expect(await ensure(kind('questdb'), { docker: true })).toMatchObject({ how: 'local' });
});

test('a queue that is gone is replaced: what it held is planned again', async () => {
  await ensure(kind('redis', { given: 'db.example:6379' }));
  expect(await ensure(kind('redis'))).toMatchObject({ how: 'local' });
  expect(lines.at(-3)).toContain('THING_URL is no longer set; starting another');
});

test('what listens at the default port of a new folder is left alone', async () => {
  let asked = 0;
  const foreign = createServer((socket) => socket.on('data', () => (asked += 1)));
  await new Promise<void>((resolve) => foreign.listen(0, '127.0.0.1', resolve));
  const { port } = foreign.address() as { port: number };
  expect(await ensure(kind('questdb', { ours: true, port }))).toMatchObject({ how: 'local' });
  expect(asked).toBe(0);
  expect(lines.join('\n')).toContain('To use the one there, set THING_URL');
  foreign.close();
});

test('a folder of an older release: its engine is where its data are', async () => {
  mkdirSync(join(dir, 'tape'));
  // What it used stood at the default address and is there: as before.
  expect(await ensure(kind('questdb', { ours: true }))).toMatchObject({ address: 'standard', how: 'found' });
  rmSync(join(dir, 'engines.json'));
  // It is gone, or another one is there now.
  await expect(ensure(kind('questdb'))).rejects.toMatchObject({ code: 'ENGINE_CHANGED' });
  mkdirSync(join(dir, 'questdb'));
  expect(await ensure(kind('questdb', { ours: true }), { docker: true })).toMatchObject({ how: 'local' });
});

test('a memory that cannot be read is told', async () => {
  writeFileSync(join(dir, 'engines.json'), '{"questdb": 5}');
  await expect(ensure(kind('questdb'))).rejects.toMatchObject({ code: 'ENGINES_FILE' });
});
