// Arrows go down only, and each outside library has one home. From the real imports, not from a list that somebody keeps.

import { expect, test } from 'vitest';
import { allCode, files, homeOf, importsOf, productFiles, read } from './tree.ts';

const LEVELS: Record<string, number> = {
  'packages/market': 0,
  'packages/ops': 0,
  'packages/config': 0,
  'packages/fxsocket': 0,
  'packages/fxsocket-trading': 2, // beside the services, which may not import it
  'packages/tape': 1,
  'packages/questdb': 1,
  'packages/jobs': 1,
  'packages/datasets': 1,
  'packages/stack': 1,
  'packages/backup': 2,
  'packages/cli': 3,
  'packages/testkit': 4,
  test: 5,
};
/** Within one level nobody imports anybody, but for this. */
const SIDEWAYS = new Set([
  'packages/config > packages/market',
  'packages/config > packages/ops',
  'packages/market > packages/fxsocket',
  'packages/questdb > packages/datasets', // the interface that it implements; see below
]);

/** A process of the demonstration: no service, for it trades. */
const TRADER = 'services/paper-trader';

const levelOf = (home: string): number =>
  home === TRADER
    ? 3
    : home.startsWith('services/')
      ? 2
      : home.startsWith('test/')
        ? 5
        : (LEVELS[home] ?? -1);

const names = new Map(
  files('packages/*/package.json', 'services/*/package.json').map((path) => [
    (JSON.parse(read(path)) as { name: string }).name,
    homeOf(path),
  ]),
);
/** `@fxtape/cli/clock-apply` → `packages/cli`. */
const workspaceHome = (specifier: string): string | null =>
  specifier.startsWith('@fxtape/') ? (names.get(specifier.split('/').slice(0, 2).join('/')) ?? null) : null;

/** `undici/types/x` → `undici`, `@fastify/swagger` stays. */
const library = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

test('every part has a level', () => {
  for (const home of new Set(names.values())) expect(levelOf(home), home).toBeGreaterThanOrEqual(0);
});

test('imports point to a lower level', () => {
  const wrong: string[] = [];
  for (const path of allCode()) {
    const home = homeOf(path);
    for (const specifier of importsOf(path)) {
      const target = workspaceHome(specifier);
      if (target === null || target === home || SIDEWAYS.has(`${home} > ${target}`)) continue;
      const isTest = path.endsWith('.test.ts');
      if (levelOf(target) < levelOf(home)) continue;
      if (
        isTest &&
        target !== 'packages/testkit' &&
        levelOf(target) <= levelOf(home) &&
        !target.startsWith('services/')
      )
        continue;
      wrong.push(`${path} imports ${specifier}`);
    }
  }
  expect(wrong).toEqual([]);
});

test('the declared dependencies say the same', () => {
  const wrong: string[] = [];
  for (const path of files('packages/*/package.json', 'services/*/package.json')) {
    const home = homeOf(path);
    const { dependencies = {} } = JSON.parse(read(path)) as { dependencies?: Record<string, string> };
    for (const name of Object.keys(dependencies)) {
      const target = workspaceHome(name);
      if (target === null || SIDEWAYS.has(`${home} > ${target}`)) continue;
      if (levelOf(target) >= levelOf(home)) wrong.push(`${home} depends on ${name}`);
    }
  }
  expect(wrong).toEqual([]);
});

/** The client's messages, as types: a test of the package shows that nothing is loaded. */
const isWire = (path: string, name: string): boolean =>
  path === 'packages/market/src/tables/wire.ts' && name === '@fxtape/fxsocket';

test('fxsocket stands alone, market has neither I/O nor clock nor chance', () => {
  for (const path of files('packages/fxsocket/src/**/*.ts'))
    expect(
      importsOf(path).filter((name) => name.startsWith('@fxtape/')),
      path,
    ).toEqual([]);
  for (const path of productFiles().filter((each) => each.startsWith('packages/market/'))) {
    expect(
      importsOf(path).filter((name) => !name.startsWith('.') && !isWire(path, name)),
      path,
    ).toEqual([]);
    expect(read(path), path).not.toMatch(/Date\.now|new Date\(\)|Math\.random|performance\.now|process\./);
  }
});

test('questdb knows of datasets only what they ask for, and loads no reader of Parquet', () => {
  for (const path of productFiles().filter((each) => each.startsWith('packages/questdb/')))
    for (const specifier of importsOf(path).filter((name) => workspaceHome(name) === 'packages/datasets'))
      if (specifier !== '@fxtape/datasets/kinds')
        expect(read(path), path).toMatch(new RegExp(`import type [^;]+ from '${specifier}'`));
  expect(importsOf('packages/datasets/src/kinds.ts')).toEqual(['@fxtape/market/tables']);
});

test('relative imports stay inside their package', () => {
  for (const path of productFiles()) {
    const depth = path.split('/').length - 4;
    for (const specifier of importsOf(path))
      if (specifier.startsWith('.'))
        expect((specifier.match(/\.\.\//g) ?? []).length, `${path} imports ${specifier}`).toBeLessThanOrEqual(
          depth,
        );
  }
});

const HOMES: Record<string, readonly string[]> = {
  ws: ['packages/fxsocket', 'services/simulator'], // the simulator is a server of it
  undici: ['packages/fxsocket'],
  pg: ['packages/questdb'],
  '@questdb/nodejs-client': ['packages/questdb'],
  bullmq: ['packages/jobs'],
  ioredis: ['packages/jobs'],
  fastify: ['services/console'],
  '@fastify/swagger': ['services/console'],
  '@bull-board/api': ['services/console'],
  '@bull-board/fastify': ['services/console'],
  pino: ['packages/ops'],
  'pino-pretty': ['packages/ops'],
  'prom-client': ['packages/ops', 'services/collector', 'packages/jobs'], // the registry lives in ops
  yaml: ['packages/config'],
  commander: ['packages/cli'],
  testcontainers: ['packages/testkit'],
  '@duckdb/node-api': ['packages/datasets'],
  '@aws-sdk/client-s3': ['packages/datasets'],
  'node:sqlite': ['packages/tape'],
};

test('each outside library has one home', () => {
  const wrong: string[] = [];
  for (const path of productFiles()) {
    for (const specifier of importsOf(path)) {
      const homes = HOMES[library(specifier)];
      if (homes !== undefined && !homes.includes(homeOf(path))) wrong.push(`${path} imports ${specifier}`);
    }
  }
  expect(wrong).toEqual([]);
});

test('every outside library of the product has its home named here', () => {
  const known = new Set([...Object.keys(HOMES), 'zod', 'fast-check']);
  const unknown = new Set<string>();
  for (const path of productFiles())
    for (const specifier of importsOf(path)) {
      const outside =
        !specifier.startsWith('.') && !specifier.startsWith('node:') && !specifier.startsWith('@fxtape/');
      if (outside && !known.has(library(specifier))) unknown.add(`${library(specifier)} in ${homeOf(path)}`);
    }
  expect([...unknown]).toEqual([]);
});
