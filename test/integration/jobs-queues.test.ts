// The queues on a real Redis: planning, priorities, budgets, holds, handing back. Each test has its own keys.
import {
  accountAway,
  type JobHandler,
  type JobHandlers,
  JobQueues,
  JobWorkers,
  type Payload,
  type PlanNote,
  readPlanNote,
  servePlanRequests,
} from '@fxtape/jobs';
import { FxtapeError } from '@fxtape/ops';
import { until } from '@fxtape/testkit';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { barsJob, barsJobs, freshPrefix, quietLog } from './jobs-harness.ts';
import { ownRedis } from '../own-servers.ts';

type Bars = Payload<'bars'>;

let prefix: string;
let queues: JobQueues;
let running: JobWorkers[];

beforeEach(() => {
  prefix = freshPrefix();
  running = [];
  queues = new JobQueues({ redisUrl: ownRedis().url, log: quietLog(), prefix });
});
afterEach(async () => {
  await Promise.all(running.map((workers) => workers.stop()));
  await queues.close();
});

function work(handlers: JobHandlers, o: { max?: number; timing?: object; random?: () => number } = {}) {
  const workers = new JobWorkers({
    redisUrl: ownRedis().url,
    handlers,
    log: quietLog(),
    prefix,
    timing: { beatMs: 100, ...o.timing },
    ...(o.random && { random: o.random }),
    ...(o.max && { limits: { minConcurrency: 1, maxConcurrency: o.max } }),
  });
  running.push(workers);
  return workers;
}

const done = (rows = 1) => ({ rows, requests: 1 });
const bars = (run: JobHandler<Bars>): JobHandlers => ({ bars: run });
const idle = async (account = 'one') => {
  const report = (await queues.report()).accounts.find((one) => one.account === account);
  return report !== undefined && report.waiting + report.active + report.delayed === 0 && report;
};

test('gaps go before history, the newest range first, whoever was planned first', async () => {
  await queues.plan([...barsJobs(12), barsJob(48, { why: 'gap' }), barsJob(72), barsJob(24, { why: 'gap' })]);
  const order: number[] = [];
  const hour = (payload: Bars) => (payload.fromUs / 1000 - Date.UTC(2026, 0, 5)) / 3_600_000;
  work(
    bars(async ({ payload }) => {
      order.push(hour(payload));
      return done();
    }),
    { max: 1 },
  );
  await until(() => order.length === 15, { what: 'all jobs', deadlineMs: 10_000 });
  expect(order.slice(0, 3)).toEqual([48, 24, 72]);
  // Ranges of the same four hours are equal.
  expect(order.slice(3).map((n) => Math.floor(n / 4))).toEqual([2, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0]);
});

test('two planners with the same plan at the same time: every job runs once', async () => {
  const second = new JobQueues({ redisUrl: ownRedis().url, log: quietLog(), prefix });
  const jobs = barsJobs(400);
  const [a, b] = await Promise.all([queues.plan(jobs), second.plan(jobs)]);
  expect(a.jobs.map((job) => job.id)).toEqual(b.jobs.map((job) => job.id));
  expect(a.counts.again + b.counts.again + a.counts.resting + b.counts.resting).toBe(0);
  const runs = new Map<string, number>();
  work(
    bars(async ({ id }) => {
      runs.set(id, (runs.get(id) ?? 0) + 1);
      return done();
    }),
    { max: 8 },
  );
  // Both plan on while the work goes on; what finished since is not planned again.
  const asOfMs = Date.now() - 60_000;
  await until(
    async () => {
      await Promise.all([queues.plan(jobs, { asOfMs }), second.plan(jobs, { asOfMs })]);
      return idle();
    },
    { what: 'all jobs', deadlineMs: 20_000 },
  );
  expect(runs.size).toBe(400);
  expect([...runs.values()].every((times) => times === 1)).toBe(true);
  await second.close();
});

test('a job that failed for good rests, and then the same work is planned again and succeeds', async () => {
  let works = false;
  work(
    bars(async () => {
      if (works) return done(60);
      throw new FxtapeError({ code: 'FEED_UNKNOWN', message: 'no', hint: 'ask' });
    }),
  );
  const job = barsJob(1);
  expect((await queues.plan([job])).counts.added).toBe(1);
  const failed = await until(async () => (await queues.look([job]))[0]?.state === 'failed', {
    what: 'the failure',
    deadlineMs: 5000,
  });
  expect(failed).toBe(true);
  const report = await queues.report();
  expect(report.accounts[0]?.failures[0]).toMatchObject({ line: 'FEED_UNKNOWN: no', attempts: 1 });
  expect((await queues.plan([job])).counts.resting).toBe(1);
  works = true;
  expect((await queues.plan([job], { restMs: 0 })).counts.again).toBe(1);
  await until(async () => (await queues.look([job]))[0]?.state === 'done', { what: 'it', deadlineMs: 5000 });
  expect((await queues.look([job]))[0]).toMatchObject({ rows: 60 });
  // Done is no obstacle either: a plan that is newer than the end runs it again, an older one does not.
  expect((await queues.plan([job], { asOfMs: Date.now() - 60_000 })).counts.done).toBe(1);
  expect((await queues.plan([job], { asOfMs: Date.now() + 1000 })).counts.again).toBe(1);
});

test('a transient error is tried again, a job comes again by its own wish, and keeps its checkpoint', async () => {
  const seen: unknown[] = [];
  work(
    bars(async ({ attempt }, _signal, checkpoint) => {
      seen.push([attempt, checkpoint.value]);
      if (checkpoint.value === null) {
        await checkpoint.save('first');
        return { againAfterMs: 50 };
      }
      if (checkpoint.value === 'first') {
        await checkpoint.save('second');
        throw new Error('connection reset');
      }
      return done();
    }),
    { random: () => 0.01 },
  );
  await queues.plan([barsJob(1)]);
  await until(() => idle(), { what: 'it', deadlineMs: 10_000 });
  expect(seen).toEqual([
    [1, null],
    [1, 'first'],
    [2, 'second'],
  ]);
});

test('Retry-After leaves the whole account alone for that time and uses no attempt', async () => {
  const starts: { ms: number; attempt: number; id: string }[] = [];
  let refuse = true;
  const handlers = bars(async ({ id, attempt }) => {
    starts.push({ ms: performance.now(), attempt, id });
    if (refuse) {
      refuse = false;
      throw Object.assign(new Error('slow down'), {
        code: 'FXSOCKET_RATE_LIMITED',
        kind: 'transient',
        retryAfterMs: 1200,
      });
    }
    return done();
  });
  work(handlers, { max: 2 });
  work(handlers, { max: 2 });
  await queues.plan([barsJob(1)]);
  await until(async () => ((await queues.report()).accounts[0]?.heldMs ?? 0) > 0, {
    what: 'the hold',
    deadlineMs: 5000,
  });
  await queues.plan(barsJobs(5));
  await until(() => idle(), { what: 'all jobs', deadlineMs: 10_000 });
  const first = starts[0]?.ms ?? 0;
  expect(starts.slice(1).every((start) => start.ms - first >= 1150)).toBe(true);
  expect(starts.every((start) => start.attempt === 1)).toBe(true);
  expect(starts).toHaveLength(6);
});

test('the requests of an account are a limit of all workers together, which changes while they run', async () => {
  let active = 0;
  let most = 0;
  let jobs = 0;
  let mostJobs = 0;
  const starts: number[] = [];
  const handlers = bars(async ({ request }) => {
    starts.push(performance.now());
    jobs += 1;
    mostJobs = Math.max(mostJobs, jobs);
    await request('M1', async () => {
      active += 1;
      most = Math.max(most, active);
      await delay(20);
      active -= 1;
    });
    await delay(10);
    jobs -= 1;
    return done();
  });
  // They start at different moments, and each takes the whole budget for its own until it hears of the others.
  for (let i = 0; i < 3; i += 1) work(handlers, { max: 3 });
  await queues.plan(barsJobs(90));
  await until(() => starts.length > 20, { what: 'a start', deadlineMs: 5000 });
  for (let i = 0; i < 2; i += 1) work(handlers, { max: 3 });
  await until(() => idle(), { what: 'all jobs', deadlineMs: 20_000 });
  expect(most).toBe(3);
  expect(mostJobs).toBeGreaterThan(3);
  expect(mostJobs).toBeLessThanOrEqual(12);
  // The limits are those of the process that started last.
  work(handlers, { max: 6 });
  await until(async () => (await queues.report()).accounts[0]?.budget?.slots === 6, {
    what: 'the new limit',
    deadlineMs: 5000,
  });
  most = 0;
  await queues.plan(barsJobs(90, { symbol: 'GBPUSD' }));
  await until(() => idle(), { what: 'all jobs', deadlineMs: 20_000 });
  expect(most).toBe(6);
});

test('the gateway is kept busy while rows are stored', async () => {
  const [requestMs, storeMs, count] = [100, 100, 240];
  let inUseMs = 0;
  const ends: number[] = [];
  const handlers = bars(async ({ request }) => {
    await request('M1', async () => {
      const startedMs = performance.now();
      await delay(requestMs);
      inUseMs += performance.now() - startedMs;
      ends.push(performance.now());
    });
    await delay(storeMs);
    return done();
  });
  await queues.plan(barsJobs(count));
  const workers = [work(handlers, { max: 4 }), work(handlers, { max: 4 })];
  await until(() => workers.every((one) => one.state()[0]?.slots === 2), {
    what: 'shares',
    deadlineMs: 5000,
  });
  const [fromMs, before] = [performance.now(), inUseMs];
  await until(() => ends.length >= count - 8, { what: 'most jobs', deadlineMs: 20_000 });
  const share = (inUseMs - before) / 4 / (performance.now() - fromMs);
  console.log(`permits in use while there was work: ${(100 * share).toFixed(1)} %`);
  // One request after the other would be a half.
  expect(share).toBeGreaterThan(0.8);
  await until(() => idle(), { what: 'all jobs', deadlineMs: 20_000 });
});

test('a held account gets no request, not even of a job that runs already', async () => {
  const requests: number[] = [];
  const second = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  let refuse = true;
  work(
    bars(async ({ payload, request }) => {
      if (payload.symbol === 'XAUUSD' && refuse) {
        refuse = false;
        await second.promise;
        throw Object.assign(new Error('slow down'), { kind: 'transient', retryAfterMs: 700 });
      }
      if (payload.symbol === 'XAUUSD') return done();
      for (let page = 0; page < 4; page += 1) {
        await request('M1', async () => void requests.push(performance.now()));
        if (page !== 1) continue;
        second.resolve();
        await held.promise;
      }
      return done();
    }),
  );
  await queues.plan([barsJob(1), barsJob(1, { symbol: 'XAUUSD' })]);
  await until(async () => ((await queues.report()).accounts[0]?.heldMs ?? 0) > 0, {
    what: 'the hold',
    deadlineMs: 5000,
    everyMs: 10,
  });
  held.resolve();
  await until(() => idle(), { what: 'the job', deadlineMs: 10_000 });
  expect(requests).toHaveLength(4);
  expect((requests[2] as number) - (requests[1] as number)).toBeGreaterThan(650);
});

test('an account that is away for several holds uses no attempt of its jobs', async () => {
  const attempts: number[] = [];
  let asked = 0;
  work(
    bars(async ({ attempt, request }) => {
      attempts.push(attempt);
      await request('M1', async () => {
        asked += 1;
        if (asked < 5) throw accountAway('demo', new Error('502'));
      });
      return done();
    }),
  );
  await queues.plan([barsJob(1)]);
  await until(() => idle(), { what: 'the job', deadlineMs: 30_000 });
  expect(asked).toBe(5);
  expect(new Set(attempts)).toEqual(new Set([1]));
});

test('one of two leads, the other one when it is gone or silent; a finished job tells its note', async () => {
  const other = new JobQueues({ redisUrl: ownRedis().url, log: quietLog(), prefix });
  expect(await queues.lead('plan', 60_000)).toBe(true);
  expect(await other.lead('plan', 60_000)).toBe(false);
  expect(await other.lead('clean', 60_000)).toBe(true);
  expect(await queues.lead('plan', 100)).toBe(true);
  await until(() => other.lead('plan', 60_000), { what: 'the silent one', deadlineMs: 5000 });
  expect(await queues.lead('plan', 60_000)).toBe(false);
  await other.close();
  expect(await queues.lead('plan', 60_000)).toBe(true);

  const asked = {
    name: 'plan',
    payload: {
      requestId: 'r1',
      account: null,
      symbol: null,
      timeframe: null,
      fromUs: null,
      toUs: null,
      again: false,
      skip: 0,
    },
  } as const;
  const { counts } = await queues.plan([asked]);
  expect(await queues.resultOf(asked)).toBeNull();
  const note: PlanNote = { jobs: barsJobs(2), counts, left: 0, failed: [] };
  const scheduler = servePlanRequests({
    redisUrl: ownRedis().url,
    log: quietLog(),
    prefix,
    handler: async () => ({ rows: 0, requests: 0, note }),
  });
  const result = await until(() => queues.resultOf(asked), { what: 'the plan', deadlineMs: 5000 });
  expect(readPlanNote(result?.note)).toEqual(note);
  expect((await queues.look([asked]))[0]?.state).toBe('done');
  expect(readPlanNote({ ...note, jobs: [{ name: 'bars', payload: {} }] })).toBeNull();
  await scheduler.stop();
});

test('an account with a thousand jobs does not hold up one with three', async () => {
  await queues.plan(barsJobs(1000, { account: 'busy' }));
  let busyDone = 0;
  work(
    bars(async ({ payload }) => {
      await delay(5);
      if (payload.account === 'busy') busyDone += 1;
      return done();
    }),
  );
  await until(() => busyDone > 0, { what: 'the busy account', deadlineMs: 5000 });
  const before = busyDone;
  await queues.plan(barsJobs(3, { account: 'small' }));
  await until(() => idle('small'), { what: 'the small account', deadlineMs: 10_000 });
  // The worker finds a new account at its next beat; until then it goes on with the busy one.
  expect(busyDone - before).toBeLessThan(700);
  expect((await queues.report()).accounts.map((one) => one.account)).toEqual(['busy', 'small']);
});

test('a graceful stop hands the job back in milliseconds, with its checkpoint and without using an attempt', async () => {
  const seen: unknown[] = [];
  const slow = bars(async ({ attempt }, signal, checkpoint) => {
    seen.push([attempt, checkpoint.value]);
    for (let chunk = Number(checkpoint.value ?? 0); chunk < 50; chunk += 1) {
      await delay(20, undefined, { signal });
      await checkpoint.save(chunk + 1, { rows: chunk + 1 });
    }
    return done(50);
  });
  const first = work(slow);
  await queues.plan([barsJob(1)]);
  await until(async () => ((await queues.look([barsJob(1)]))[0]?.rows ?? 0) >= 5, {
    what: 'some progress',
    deadlineMs: 5000,
  });
  const startedMs = performance.now();
  await first.stop();
  const tookMs = performance.now() - startedMs;
  const [sight] = await queues.look([barsJob(1)]);
  expect(sight?.state).toBe('waiting');
  expect(tookMs).toBeLessThan(200);
  work(slow);
  await until(() => idle(), { what: 'the rest', deadlineMs: 10_000 });
  expect(seen).toEqual([
    [1, null],
    [1, expect.any(Number)],
  ]);
  expect((seen[1] as number[])[1]).toBeGreaterThanOrEqual(5);
  console.log(`graceful stop took ${tookMs.toFixed(1)} ms, resumed at chunk ${(seen[1] as number[])[1]}`);
});

test('a handler that ignores its signal does not hold up the stop, and its checkpoint is refused afterwards', async () => {
  const refused = Promise.withResolvers<unknown>();
  const open = Promise.withResolvers<void>();
  const workers = work(
    bars(async (_job, _signal, checkpoint) => {
      await open.promise;
      await checkpoint.save('late').catch(refused.resolve);
      return done();
    }),
  );
  await queues.plan([barsJob(1)]);
  await until(() => workers.state()[0]?.active === 1, { what: 'the run', deadlineMs: 5000 });
  const startedMs = performance.now();
  await workers.stop();
  expect(performance.now() - startedMs).toBeLessThan(1000);
  expect((await queues.look([barsJob(1)]))[0]?.state).toBe('waiting');
  open.resolve();
  expect(await refused.promise).toMatchObject({ code: 'JOB_NOT_OURS' });
});

test('slow answers and time-outs lower the budget of that account, good ones raise it again', async () => {
  let answer = { ms: 20, fails: false };
  let answers = 0;
  work(
    bars(async ({ request }) => {
      await request('M1', async () => {
        await delay(answer.ms);
        answers += 1;
        if (answer.fails) throw Object.assign(new Error('slow'), { code: 'FXSOCKET_TERMINAL_TIMEOUT' });
      }).catch(() => undefined);
      return done();
    }),
    { max: 4, timing: { windowMs: 200 } },
  );
  let n = 0;
  // Far from each other, so that a busy machine does not make quick answers slow ones.
  const slots = async (isWanted: (slots: number) => boolean, reason: string | null) =>
    until(
      async () => {
        const report = (await queues.report()).accounts[0];
        if ((report?.waiting ?? 0) < 50) await queues.plan(barsJobs(200, { symbol: `S${(n += 1)}` }));
        const budget = report?.budget ?? null;
        return budget !== null && isWanted(budget.slots) && (reason === null || budget.reason === reason);
      },
      { what: `slots, ${reason}`, deadlineMs: 20_000 },
    );
  // What is usual is learned first.
  await slots((n) => n === 4 && answers > 20, null);
  answer = { ms: 1500, fails: false };
  await slots((n) => n <= 2, 'slow');
  answer = { ms: 20, fails: true };
  await slots((n) => n === 1, 'timeouts');
  answer = { ms: 20, fails: false };
  await slots((n) => n === 4, 'grew');
});

test('the same work for a better reason is brought forward, and an account that is gone is forgotten', async () => {
  await queues.plan(barsJobs(4));
  expect((await queues.report()).accounts[0]?.waiting).toBe(4);
  const raised = await queues.plan([barsJob(0, { why: 'gap' }), barsJob(1)]);
  expect(raised.jobs.map((job) => job.verdict)).toEqual(['raised', 'queued']);
  await queues.drop('one');
  expect((await queues.report()).accounts).toEqual([]);
  expect((await queues.plan([barsJob(0)])).counts.added).toBe(1);
});
