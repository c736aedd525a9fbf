// What a planner asks the queues: the jobs in them, and the keys of what is done for today.
import { JobQueues, JobWorkers } from '@fxtape/jobs';
import { until } from '@fxtape/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { barsJobs, freshPrefix, quietLog } from './jobs-harness.ts';
import { ownRedis } from '../own-servers.ts';

const prefix = freshPrefix();
let queues: JobQueues;
beforeAll(() => {
  queues = new JobQueues({ redisUrl: ownRedis().url, log: quietLog(), prefix });
});
afterAll(() => queues?.close());

test('waiting, active and delayed jobs stand with their payloads; done ones do not', async () => {
  const jobs = barsJobs(6);
  const planned = await queues.plan(jobs);
  expect((await queues.standing('one')).map(({ job }) => job)).toEqual(expect.arrayContaining([...jobs]));
  const ends = new Map(planned.jobs.map(({ id }, n) => [id, n]));
  const workers = new JobWorkers({
    redisUrl: ownRedis().url,
    log: quietLog(),
    prefix,
    limits: { minConcurrency: 6, maxConcurrency: 6 },
    handlers: {
      bars: async ({ id }, signal) => {
        const n = ends.get(id) ?? 0;
        if (n < 2) return { rows: 1, requests: 1 };
        if (n < 4) return { againAfterMs: 60_000 };
        return new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
        });
      },
    },
  });
  const seen = async () => {
    const standing = await queues.standing('one');
    const numbers = (delayed: boolean) =>
      standing
        .flatMap((one) => (one.delayed === delayed ? (ends.get(one.id) ?? -1) : []))
        .toSorted((a, b) => a - b);
    return JSON.stringify([numbers(false), numbers(true)]) === '[[4,5],[2,3]]';
  };
  await until(seen, { what: 'two jobs under way and two delayed', deadlineMs: 10_000 });
  await workers.stop();
});

test('done keys are kept until they expire', async () => {
  expect(await queues.doneKeys('day')).toEqual(new Set());
  await queues.addDoneKeys('day', [], 60_000);
  await queues.addDoneKeys('day', ['a', 'b b'], 60_000);
  await queues.addDoneKeys('day', ['b b', 'c'], 60_000);
  expect(await queues.doneKeys('day')).toEqual(new Set(['a', 'b b', 'c']));
  await queues.addDoneKeys('short', ['x'], 50);
  const gone = async () => (await queues.doneKeys('short')).size === 0;
  await until(gone, { what: 'the keys to expire', deadlineMs: 5000 });
});
