import { describeJob, type PlannedJob, type PlanResult, type StandingJob } from '@fxtape/jobs';
import { expect, test } from 'vitest';
import { planAccount } from './plan/plan-account.ts';
import { PlanTaker } from './plan/take.ts';
import { QUEUE_JOBS, queueUp, WorkUnderWay } from './queue-up.ts';
import { DAY_MS, HOUR, input, NOW } from '../testing/plan-rig.ts';

const bars = (
  fromUs: number,
  toUs: number,
  why: 'history' | 'reread' | 'event' = 'history',
  symbol = 'EURUSD',
) =>
  ({
    name: 'bars',
    payload: { account: 'icm', feed: 'icm', symbol, timeframe: 'M1', fromUs, toUs, why },
  }) as const satisfies PlannedJob;
const standing = (job: PlannedJob): StandingJob => ({ id: describeJob(job).id, job, delayed: false });

test('a job that stands is not asked for again, nor is a range that it reads the beginning of', () => {
  const work = new WorkUnderWay([standing(bars(100, 200))]);
  expect(work.has(bars(100, 200))).toBe(true);
  // Half of it is done and claimed by now; or a minute has passed since.
  expect(work.has(bars(150, 200))).toBe(true);
  expect(work.has(bars(100, 201))).toBe(true);
});

test('other work is', () => {
  const work = new WorkUnderWay([standing(bars(100, 200))]);
  expect(work.has(bars(200, 300))).toBe(false);
  expect(work.has(bars(0, 200))).toBe(false);
  expect(work.has(bars(100, 200, 'history', 'XAUUSD'))).toBe(false);
  expect(work.has(bars(150, 250, 'reread'))).toBe(false);
  expect(
    work.has({ name: 'deals', payload: { account: 'icm', fromUs: 100, toUs: 200, why: 'history' } }),
  ).toBe(false);
});

const heal = (n: number): PlannedJob => ({
  name: 'heal',
  payload: {
    account: 'icm',
    gapId: `shut-${n}`,
    stream: 'ticks',
    feed: 'icm',
    symbol: 'US 500',
    timeframe: null,
    fromUs: NOW - HOUR - n,
    toUs: NOW - n,
  },
});

/** A queue that knows nothing of what it is given. */
const queue = () => {
  const added: PlannedJob[] = [];
  const plan = async (jobs: readonly PlannedJob[]): Promise<PlanResult> => {
    added.push(...jobs);
    const counts = { added: jobs.length, again: 0, queued: 0, raised: 0, resting: 0, done: 0 };
    return { jobs: jobs.map((job) => ({ id: describeJob(job).id, verdict: 'added' })), counts };
  };
  return { added, plan };
};

test('a weekend of gaps that wait for their symbols to open takes no room', async () => {
  const waiting = Array.from({ length: 1512 }, (_, n) => ({ ...standing(heal(n)), delayed: true }));
  const plan = planAccount(input({ backfill: { bars: { M1: 3000 * DAY_MS }, ticks: null, deals: null } }));
  const { added, plan: put } = queue();
  const done = await queueUp({ plan: put }, new PlanTaker(plan), waiting, NOW / 1000);
  expect(done.added).toBe(QUEUE_JOBS);
  expect(new Set(added.map(({ name }) => name))).toEqual(new Set(['symbol_specs', 'bars']));
});

test('a queue that is full of one kind of work takes some of each other kind', async () => {
  const woken = Array.from({ length: 1512 }, (_, n) => standing(heal(n)));
  const streams = input().streams.flatMap((key) => ['M1', 'D1'].map((timeframe) => ({ ...key, timeframe })));
  const coverage = streams.map((key) => ({
    ...key,
    source: 'history',
    fromUs: NOW - 20 * DAY_MS * 1000,
    toUs: NOW,
  }));
  const plan = planAccount(
    input({
      streams,
      coverage,
      backfill: { bars: { M1: 3000 * DAY_MS, D1: 'all' }, ticks: null, deals: null },
    }),
  );
  const { added, plan: put } = queue();
  const done = await queueUp({ plan: put }, new PlanTaker(plan), woken, NOW / 1000);
  expect(done.added).toBeGreaterThan(30);
  expect(done.added).toBeLessThan(130);
  const whys = new Set(added.map((job) => ('why' in job.payload ? job.payload.why : job.name)));
  expect(whys).toEqual(new Set(['symbol_specs', 'reread', 'history']));
});
