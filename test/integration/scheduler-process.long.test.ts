// The scheduler as a process: what it says while something is away, how it stops, and who goes on when it is killed.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Simulator } from '@fxtape/simulator';
import {
  type QuestDbServer,
  type RedisServer,
  type Service,
  startQuestDb,
  startRedis,
  startService,
  type TempDir,
  tempDir,
  until,
} from '@fxtape/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { accountId, startGateway } from './scheduler-harness.ts';

let redis: RedisServer;
let questdb: QuestDbServer;
let gateway: Simulator;
let dir: TempDir;
const services: Service[] = [];
beforeAll(async () => {
  dir = tempDir('scheduler');
  [redis, questdb, gateway] = await Promise.all([startRedis(), startQuestDb(), startGateway(1)]);
});
afterAll(async () => {
  await Promise.all(services.map((service) => service.kill()));
  await gateway?.close();
  await Promise.all([redis?.close(), questdb?.close()]);
  await dir?.remove();
});

const configure = (symbols: string): void =>
  writeFileSync(
    join(dir.path, 'fxtape.yaml'),
    `accounts:\n  - { name: one, id: ${accountId(0)}, clock: America/New_York+7h, market_data: { symbols: [${symbols}] }, timeframes: [M1] }\n`,
  );

const start = async (name: string): Promise<Service> => {
  const service = await startService('scheduler', {
    dataDir: join(dir.path, name),
    env: {
      FXTAPE_CONFIG: join(dir.path, 'fxtape.yaml'),
      FXSOCKET_API_KEY: 'fxs_ro_demo',
      FXSOCKET_BASE_URL: `http://${gateway.addr}`,
      QDB_CLIENT_CONF: questdb.conf,
      REDIS_URL: redis.url,
    },
  });
  services.push(service);
  return service;
};

const ready = async (service: Service) => {
  const answer = await fetch(`${service.http}/readyz`);
  return { status: answer.status, text: await answer.text() };
};
interface State {
  leading: boolean;
  accounts: { phase: string; symbols: number; added: number }[];
}
const state = async (service: Service) => (await (await fetch(`${service.http}/state`)).json()) as State;
const isReady = (service: Service) =>
  until(async () => (await ready(service)).status === 200, { what: 'readiness', deadlineMs: 60_000 });

test('says what it waits for, follows the configuration, hands over when it is killed, and stops within seconds', async () => {
  configure('BTCUSD');
  await questdb.kill();
  const first = await start('first');
  const waiting = await ready(first);
  expect(waiting.status).toBe(503);
  expect(waiting.text).toMatch(/QuestDB|tables/);
  await questdb.start();
  await isReady(first);
  await until(async () => (await state(first)).accounts[0]?.phase === 'planned', {
    what: 'a plan',
    deadlineMs: 30_000,
  });

  configure('BTCUSD, ETHUSD');
  await until(async () => (await state(first)).accounts[0]?.symbols === 2, {
    what: 'the changed configuration to be planned',
    deadlineMs: 30_000,
  });

  const second = await start('second');
  await isReady(second);
  expect((await state(second)).leading).toBe(false);
  await first.kill();
  const leads = async () => {
    const now = await state(second);
    return now.leading && now.accounts[0]?.phase === 'planned' && now;
  };
  const taken = await until(leads, { what: 'the second one to lead', deadlineMs: 30_000 });
  expect(taken.accounts[0]?.added).toBe(0);

  await redis.kill();
  await until(async () => (await ready(second)).text.includes('QUEUE_UNREACHABLE'), {
    what: 'the reason',
    deadlineMs: 20_000,
  });
  await redis.start();
  await isReady(second);
  const metrics = await (await fetch(`${second.http}/metrics`)).text();
  expect(metrics).toContain('fxtape_plan_seconds_count{account="one"}');
  expect(metrics).toContain('fxtape_missing_ranges{account="one",stream="bars"}');
  expect(metrics).toContain('fxtape_jobs{account="one",state="waiting"}');

  const startedMs = performance.now();
  expect(await second.stop()).toMatchObject({ code: 0 });
  expect(performance.now() - startedMs).toBeLessThan(8000);
}, 240_000);
