// The backfill service as processes on a real Redis and QuestDB: jobs in, history in the tables, an orderly stop that hands work back, and
// a kill that another process makes good.
import { JobQueues, type PlannedJob } from '@fxtape/jobs';
import { type Service, startService, type TempDir, tempDir, until } from '@fxtape/testkit';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { BackfillRig, DAY, KEY, START } from './backfill-rig.ts';
import { quietLog } from './jobs-harness.ts';
import { ownQuestDb, ownRedis } from '../own-servers.ts';

let rig: BackfillRig;
let dir: TempDir;
let queues: JobQueues;
const running: Service[] = [];

beforeAll(async () => {
  rig = await BackfillRig.start({
    conf: ownQuestDb().conf,
    scenario: { history: { days: 200, timeoutBars: 2000 } },
  });
  dir = tempDir('backfill');
  queues = new JobQueues({ redisUrl: ownRedis().url, log: quietLog() });
  writeFileSync(
    join(dir.path, 'fxtape.yaml'),
    `accounts:
  - id: 0f9c2d4e-6a1b-4c3d-8e5f-7a9b0c1d2e3f
    name: ${rig.name}
    market_data: { feed: ${rig.feed}, symbols: [EURUSD] }
    clock: { replayed: true }
`,
  );
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((service) => service.kill()));
});
afterAll(async () => {
  await queues.close();
  await rig.close();
  await dir.remove();
});

async function start(): Promise<Service> {
  const service = await startService('backfill', {
    dataDir: dir.path,
    env: {
      FXTAPE_CONFIG: join(dir.path, 'fxtape.yaml'),
      FXSOCKET_API_KEY: KEY,
      FXSOCKET_BASE_URL: `http://${rig.simulator.addr}`,
      QDB_CLIENT_CONF: ownQuestDb().conf,
      REDIS_URL: ownRedis().url,
    },
  });
  running.push(service);
  return service;
}

const job = (symbol: string, days: number, daysAgo = 0): PlannedJob => ({
  name: 'bars',
  payload: {
    account: rig.name,
    feed: rig.feed,
    symbol,
    timeframe: 'M1',
    fromUs: START - (daysAgo + days) * DAY,
    toUs: START - daysAgo * DAY - DAY,
    why: 'history',
  },
});

const planned = async (jobs: readonly PlannedJob[]): Promise<string[]> =>
  (await queues.plan(jobs)).jobs.map(({ id }) => id);

async function finished(ids: readonly string[]): Promise<boolean> {
  const report = (await queues.report()).accounts.find(({ account }) => account === rig.name);
  const failed = report?.failures.find(({ id }) => ids.includes(id));
  if (failed !== undefined) throw new Error(failed.line);
  return report !== undefined && report.waiting + report.active + report.delayed === 0;
}

async function exact(symbol: string, fromUs: number, toUs: number): Promise<void> {
  const iso = (us: number): string => new Date(us / 1000).toISOString();
  const bars = await rig.control.truthBars({ symbol, timeframe: 'M1', from: iso(fromUs), to: iso(toUs) });
  const within = `symbol = '${symbol}' AND ts >= cast(${fromUs} as timestamp) AND ts < cast(${toUs} as timestamp)`;
  for (const table of ['bars', 'bar_revisions']) {
    const rows = await rig.rows(table, 'cast(ts as long) us, close', 'ts', within);
    expect(rows).toEqual(bars.map((bar) => ({ us: String(bar.utcMs * 1000), close: bar.close })));
  }
}

test('jobs are done, seen in metrics and state, and the process says that it is ready', async () => {
  const service = await start();
  const ids = await planned([job('EURUSD', 5), job('XAUUSD', 5)]);
  await until(() => finished(ids), { what: 'two jobs', deadlineMs: 60_000 });
  await exact('EURUSD', START - 5 * DAY, START - DAY);
  await exact('XAUUSD', START - 5 * DAY, START - DAY);
  expect((await fetch(`${service.http}/readyz`)).status).toBe(200);
  const metrics = await (await fetch(`${service.http}/metrics`)).text();
  expect(metrics).toMatch(/fxtape_backfill_requests_total\{[^}]*purpose="agreement"[^}]*\} [1-9]/);
  expect(metrics).toMatch(/fxtape_backfill_rows_total\{table="bars"\} [1-9]/);
  expect(metrics + service.child.logs).not.toContain(KEY);
  const state = (await (await fetch(`${service.http}/state`)).json()) as { lanes: { account: string }[] };
  expect(state.lanes.map(({ account }) => account)).toContain(rig.name);
});

test('a stop hands work back within five seconds, a kill loses none of it, and the rows are exact', async () => {
  const first = await start();
  const ids = await planned([job('BTCUSD', 40), job('EURUSD', 60, 10), job('XAUUSD', 60, 10)]);
  const some = async (): Promise<boolean> => (await rig.count('bar_revisions')) > 15_000;
  await until(some, { what: 'the first pages', deadlineMs: 60_000 });
  const beganMs = performance.now();
  expect(await first.stop(5000)).toMatchObject({ code: 0 });
  expect(performance.now() - beganMs).toBeLessThan(5000);
  const second = await start();
  await until(async () => (await rig.count('bar_revisions')) > 30_000, { what: 'more', deadlineMs: 60_000 });
  await second.kill();
  await start();
  await until(() => finished(ids), { what: 'all jobs', deadlineMs: 100_000 });
  await exact('BTCUSD', START - 40 * DAY, START - DAY);
  await exact('EURUSD', START - 70 * DAY, START - 11 * DAY);
  await exact('XAUUSD', START - 70 * DAY, START - 11 * DAY);
}, 240_000);
