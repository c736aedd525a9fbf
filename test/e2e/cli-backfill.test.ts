// `fxtape backfill` on a real Redis, with a scheduler and workers as they would answer: what it prints, with which code it ends, and that
// an emptied Redis, a Ctrl-C and nobody at the other end are told apart.
import {
  type JobHandlers,
  JobQueues,
  JobWorkers,
  type PlannedJob,
  type PlanRequests,
  servePlanRequests,
} from '@fxtape/jobs';
import { FxtapeError } from '@fxtape/ops';
import {
  type RedisServer,
  runFxtape,
  startFxtape,
  startRedis,
  type TempDir,
  tempDir,
  until,
} from '@fxtape/testkit';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { barsJobs, quietLog } from '../integration/jobs-harness.ts';

let redis: RedisServer;
let dir: TempDir;
let queues: JobQueues;
let scheduler: PlanRequests | null;
let workers: JobWorkers | null;
const asked: object[] = [];

beforeAll(async () => {
  redis = await startRedis();
  dir = tempDir('backfill');
});
afterAll(async () => {
  await redis?.close();
  await dir?.remove();
});
beforeEach(() => {
  scheduler = null;
  workers = null;
  asked.length = 0;
  queues = new JobQueues({ redisUrl: redis.url, log: quietLog() });
});
afterEach(async () => {
  await scheduler?.stop();
  await workers?.stop();
  for (const { account } of (await queues.report()).accounts) await queues.drop(account);
  await queues.close();
});

const options = () => ({
  dataDir: dir.path,
  env: { REDIS_URL: redis.url, FXTAPE_CONFIG: `${dir.path}/fxtape.yaml` },
});
const backfill = (...args: string[]) => runFxtape(['backfill', ...args], options());

/** Plans these, whatever is asked for. */
function schedule(jobs: readonly PlannedJob[] | Error): void {
  scheduler = servePlanRequests({
    redisUrl: redis.url,
    log: quietLog(),
    handler: async ({ payload }) => {
      asked.push(payload);
      if (jobs instanceof Error) throw jobs;
      const { counts } = await queues.plan(jobs, { restMs: 0 });
      return { rows: 0, requests: 0, note: { jobs, counts, left: 0, failed: [] } };
    },
  });
}

function work(bars: NonNullable<JobHandlers['bars']>): void {
  workers = new JobWorkers({
    redisUrl: redis.url,
    log: quietLog(),
    handlers: { bars },
    timing: { beatMs: 100 },
  });
}

test('plans, waits, tells the rows', async () => {
  schedule(barsJobs(30));
  work(async () => {
    await delay(20);
    return { rows: 60, requests: 1 };
  });
  const args = [
    '--account',
    'one',
    '--symbol',
    'EURUSD',
    '--timeframe',
    'M1',
    '--from',
    '2026-01-05',
    '--to',
    '2026-01-07',
  ];
  const plain = await backfill(...args, '--wait');
  expect(plain.code, plain.output).toBe(0);
  expect(plain.stdout).toMatch(
    /^Planned 30 jobs: 30 new\.\n\nACCOUNT +JOB .*\none +bars +EURUSD +M1 +30 +2026-01-05T00:00/,
  );
  expect(plain.stdout).toMatch(
    /\n\[#{24}\] {2}30 of 30 jobs · 1800 rows.*\nDone: 30 jobs, 1800 rows in .*\n$/,
  );
  expect(asked).toEqual([
    {
      requestId: expect.any(String),
      account: 'one',
      again: false,
      skip: 0,
      symbol: 'EURUSD',
      timeframe: 'M1',
      fromUs: Date.UTC(2026, 0, 5) * 1000,
      toUs: Date.UTC(2026, 0, 7) * 1000,
    },
  ]);
  const json = await backfill('--wait', '--json');
  expect(JSON.parse(json.stdout)).toMatchObject({
    counts: { again: 30 },
    done: 30,
    failed: [],
    rows: 1800,
    interrupted: false,
    planned: expect.arrayContaining([expect.objectContaining({ job: 'bars', timeframe: 'M1' })]),
  });
});

test('nothing is missing; a usage error', async () => {
  schedule([]);
  expect(await backfill('--wait')).toMatchObject({
    code: 0,
    stdout: 'Nothing that you asked for is missing.\n',
  });
  expect((await backfill('--from', '2026-02-01', '--to', '2026-01-01')).code).toBe(64);
  expect((await backfill('--timeframe', 'M2')).code).toBe(64);
});

test('a job that fails makes the code 1 and is listed with its reason', async () => {
  schedule(barsJobs(3));
  work(async ({ payload }) => {
    if (payload.fromUs === Date.UTC(2026, 0, 5) * 1000) {
      throw new FxtapeError({ code: 'SYMBOL_NOT_LISTED', message: 'not listed', hint: 'Look' });
    }
    return { rows: 1, requests: 1 };
  });
  const outcome = await backfill('--wait');
  expect(outcome.code).toBe(1);
  expect(outcome.stdout).toMatch(
    /1 job failed, 2 done: 2 rows in .*\n {2}bars-one-.*\n {4}SYMBOL_NOT_LISTED: not listed\n$/,
  );
});

test('the scheduler’s reason; nobody plans; nobody works; no Redis', async () => {
  schedule(new FxtapeError({ code: 'FEED_UNKNOWN', message: 'no account two', hint: 'x' }));
  const refused = await backfill('--account', 'two');
  expect(refused).toMatchObject({ code: 1, stdout: '' });
  expect(refused.output).toMatch(
    /^PLAN_FAILED: the scheduler could not plan: FEED_UNKNOWN: no account two\. /,
  );
  await scheduler?.stop();
  const message = 'no account "tow" is configured or recorded; did you mean "two"?';
  schedule(new FxtapeError({ code: 'ACCOUNT_UNKNOWN', message, hint: 'x' }));
  const mistyped = await backfill('--account', 'tow');
  expect(mistyped.output).toMatch(/^ACCOUNT_UNKNOWN: no account "tow" .*did you mean "two"\?/);
  await scheduler?.stop();

  const silent = await backfill();
  expect(silent).toMatchObject({ code: 1, stdout: '' });
  expect(silent.output).toMatch(/^SCHEDULER_SILENT: .*fxtape run scheduler/);

  schedule(barsJobs(2));
  const idle = await backfill('--wait', '--json');
  expect(idle.code).toBe(1);
  expect(JSON.parse(idle.output)).toMatchObject({ error: { code: 'WORKERS_SILENT' } });

  const gone = await runFxtape(['backfill'], { ...options(), env: { REDIS_URL: 'redis://127.0.0.1:9' } });
  expect(gone.output).toMatch(/^QUEUE_UNREACHABLE: /);
  expect(gone.code).toBe(1);
}, 90_000);

test('Ctrl-C leaves the jobs running; an emptied Redis is filled again', async () => {
  const jobs = barsJobs(120);
  schedule(jobs);
  let slow = true;
  const finished = new Set<string>();
  work(async ({ id }, signal) => {
    await delay(slow ? 1000 : 5, undefined, { signal });
    finished.add(id);
    return { rows: 1, requests: 1 };
  });
  const child = await startFxtape(['backfill', '--wait'], options());
  await until(() => finished.size > 2, { what: 'a start', deadlineMs: 20_000 });
  child.signal('SIGINT');
  expect((await child.exited).code).toBe(130);
  expect(child.stdout).toContain('The jobs go on without this command');
  expect((await queues.look(jobs)).filter(({ state }) => state === 'waiting').length).toBeGreaterThan(10);

  const second = await startFxtape(['backfill', '--wait'], options());
  await until(() => second.stdout.includes('Planned 120 jobs'), { what: 'the plan', deadlineMs: 20_000 });
  const before = finished.size;
  await until(() => finished.size > before, { what: 'work to go on', deadlineMs: 10_000 });
  await queues.drop('one');
  slow = false;
  expect((await second.exited).code, second.logs).toBe(0);
  expect(finished.size).toBe(120);
});
