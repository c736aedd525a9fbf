// docker-compose.yml and the Dockerfile say the same as the code that starts the engines elsewhere.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { questDbContainerSettings } from '@fxtape/stack';
import { questDbPasswordSettings, questDbSettings } from '@fxtape/stack';
import { SERVICES } from './processes.ts';
import { QUESTDB_IMAGE, REDIS_IMAGE } from '@fxtape/stack';

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const compose = read('docker-compose.yml');

test('the compose file runs the pinned images with the settings of infra', () => {
  const images = [...compose.matchAll(/^ {4}image: (.+)$/gm)].map(([, image]) => image);
  expect(images.filter((image) => !image?.startsWith('fxtape-'))).toEqual([
    `\${QUESTDB_IMAGE:-${QUESTDB_IMAGE}}`,
    `\${REDIS_IMAGE:-${REDIS_IMAGE}}`,
  ]);
  expect(compose).toContain('env_file: infra/questdb/server.env');
  expect(compose).toContain('./infra/redis/redis.conf:');
  const shared = questDbSettings();
  for (const [name, value] of Object.entries(questDbContainerSettings())) {
    if (shared[name] === undefined) expect(compose).toContain(`      ${name}: ${value}\n`);
  }
  const files = { admin: '/secrets/questdb-admin', reader: '/secrets/questdb-reader' };
  for (const [name, value] of Object.entries(questDbPasswordSettings(files)))
    expect(compose.replaceAll('"', '')).toContain(`      ${name}: ${value}\n`);
});

test('the containers see one folder of the host, which holds no project and no .env', () => {
  const mounted = [...compose.matchAll(/^ {6}- (.*):\/config:ro$/gm)].map(([, folder]) => folder);
  expect(mounted).toHaveLength(4);
  expect(new Set(mounted)).toEqual(new Set(['${FXTAPE_CONFIG_DIR:-./config}']));
});

test('the compose file publishes on loopback only', () => {
  const published = [...compose.matchAll(/^ {6}- (\S+:\d+)$/gm)].map(([, port]) => port);
  expect(published.length).toBeGreaterThanOrEqual(3);
  expect(published.filter((port) => !port?.startsWith('127.0.0.1:'))).toEqual([]);
});

test('the images are built with the pnpm of the set-up', () => {
  const [pnpm = 'none'] = /pnpm@[\d.]+/.exec(read('scripts/with-setup.mjs')) ?? [];
  expect(read('infra/docker/Dockerfile')).toContain(` ${pnpm}\n`);
});

test('every service has its image, built from its own target, and one that needs Redis waits only for its start', () => {
  const dockerfile = read('infra/docker/Dockerfile');
  for (const name of SERVICES) {
    const block = new RegExp(`^  ${name}:\\n(?:    .*\\n|\\n)+`, 'm').exec(compose)?.[0] ?? '';
    expect(block, name).toContain(`image: fxtape-${name}\n`);
    expect(block, name).toContain(`target: ${name} }`);
    expect(block, name).toContain('mem_limit:');
    expect(dockerfile, name).toMatch(new RegExp(`^FROM \\S+ AS ${name}$`, 'm'));
    expect(dockerfile, name).toContain(`--filter @fxtape/${name}...`);
    const target = dockerfile.split(new RegExp(`^FROM \\S+ AS ${name}$`, 'm'))[1]?.split(/^FROM /m)[0] ?? '';
    expect(target, name).toContain('HEALTHCHECK');
    expect(target, name).toContain(`CMD ["${name}"]`);
    const needsRedis = ['scheduler', 'backfill', 'console'].includes(name);
    if (needsRedis) expect(block, name).toContain('redis: { condition: service_started }');
    if (['scheduler', 'backfill'].includes(name)) expect(block, name).not.toContain('ports:');
  }
});
