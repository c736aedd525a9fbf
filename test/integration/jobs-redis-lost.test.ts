// Redis killed, restarted and emptied under work: producers fail at once, workers go on by themselves, a plan given again loses nothing.
import { JobQueues, JobWorkers } from '@fxtape/jobs';
import { type RedisServer, startRedis, until } from '@fxtape/testkit';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { barsJobs, freshPrefix, quietLog } from './jobs-harness.ts';

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis?.close());

test('all work is done through a kill of Redis and an emptied Redis, and a stop without Redis is quick', async () => {
  const common = { redisUrl: redis.url, log: quietLog(), prefix: freshPrefix() };
  const queues = new JobQueues(common);
  const finished = new Set<string>();
  const workers = new JobWorkers({
    ...common,
    timing: { beatMs: 200 },
    handlers: {
      bars: async ({ id }) => {
        await delay(20);
        finished.add(id);
        return { rows: 1, requests: 1 };
      },
    },
  });
  const jobs = barsJobs(200);
  const planned = await queues.plan(jobs);
  await until(() => finished.size > 20, { what: 'a start', deadlineMs: 5000 });
  await redis.kill();
  await expect(queues.plan(jobs)).rejects.toMatchObject({ code: 'QUEUE_UNREACHABLE' });
  await redis.start();
  const before = finished.size;
  await until(() => finished.size > before + 20, { what: 'work to go on', deadlineMs: 15_000 });
  await redis.empty();
  const replan = async () => {
    await queues.plan(jobs.filter((_, i) => !finished.has(planned.jobs[i]?.id ?? '')));
    return finished.size === jobs.length;
  };
  await until(replan, { what: 'all jobs', deadlineMs: 20_000, everyMs: 200, retryErrors: true });
  await redis.kill();
  const startedMs = performance.now();
  await workers.stop();
  expect(performance.now() - startedMs).toBeLessThan(3500);
  await queues.close();
});
