// Work that no two processes may do at once, on a real Redis.
import { type JobHandlers, JobQueues, JobWorkers, type Payload } from '@fxtape/jobs';
import { until } from '@fxtape/testkit';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { barsJobs, freshPrefix, quietLog } from './jobs-harness.ts';
import { ownRedis } from '../own-servers.ts';

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

function work(bars: NonNullable<JobHandlers['bars']>): void {
  running.push(
    new JobWorkers({
      redisUrl: ownRedis().url,
      handlers: { bars },
      log: quietLog(),
      prefix,
      timing: { beatMs: 100, deadAfterMs: 1000 },
    }),
  );
}

const done = { rows: 0, requests: 0 };
const hourOf = ({ fromUs }: Payload<'bars'>): number => fromUs / 3_600_000_000;

test('a name is held by one job of all processes, and every job gets its turn', async () => {
  let inside = 0;
  let most = 0;
  const ended = new Set<number>();
  for (let n = 0; n < 3; n++)
    work(async (job) => {
      await job.alone('table', async () => {
        most = Math.max(most, ++inside);
        await delay(20);
        inside -= 1;
      });
      ended.add(hourOf(job.payload));
      return done;
    });
  await queues.plan(barsJobs(20));
  await until(() => ended.size === 20, { what: 'all jobs', deadlineMs: 30_000 });
  expect(most).toBe(1);
});

test('who has lost the name is told, and comes again', async () => {
  const { hostname, port } = new URL(ownRedis().url);
  const redis = connect(Number(port), hostname);
  await once(redis, 'connect');
  const lost: unknown[] = [];
  let runs = 0;
  work(async (job) => {
    runs += 1;
    await job.alone('table', async (signal) => {
      if (runs > 1) return;
      redis.write(`SET ${prefix}:own:alone:table somebody-else PX 1500\r\n`);
      await until(() => signal.aborted, { what: 'the word that it is lost', deadlineMs: 10_000 });
      lost.push(signal.reason);
      signal.throwIfAborted();
    });
    return done;
  });
  try {
    await queues.plan(barsJobs(1));
    await until(() => runs === 2, { what: 'the second run', deadlineMs: 30_000 });
    expect(lost).toMatchObject([{ code: 'JOB_NOT_OURS' }]);
  } finally {
    redis.destroy();
  }
});

test('the name of a job that was called off is free when its last rows have arrived or never will', async () => {
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  work(async (job, signal) => {
    await job.alone('table', async () => {
      begin();
      await delay(60_000, undefined, { signal });
    });
    return done;
  });
  await queues.plan(barsJobs(1));
  await begun;
  const [first] = running;
  let enteredMs = 0;
  work(async (job) => {
    await job.alone('table', async () => void (enteredMs = performance.now()));
    return done;
  });
  const stoppedMs = performance.now();
  await first?.stop();
  await until(() => enteredMs > 0, { what: 'the next one', deadlineMs: 30_000 });
  expect(enteredMs - stoppedMs).toBeGreaterThan(1500);
});
