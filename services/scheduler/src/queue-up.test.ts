import { describeJob, type PlannedJob, type StandingJob } from '@fxtape/jobs';
import { expect, test } from 'vitest';
import { WorkUnderWay } from './queue-up.ts';

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
