// The scheduler's inbox: takes requests to plan now, one at a time. In: a handler. Out: its answers, kept with the finished jobs. Two
// schedulers share the requests, and take over each other's when one dies.
import type { Log } from '@fxtape/ops';
import { Turns } from './turns.ts';
import { DEFAULT_TIMING } from './job-workers.ts';
import type { JobHandlers } from '../catalogue/job-handler.ts';
import { DEFAULT_PREFIX } from '../catalogue/queue-set.ts';
import { connectRedis } from '../catalogue/redis-connection.ts';
import { QueueWorker } from './queue-worker.ts';

export interface PlanRequestsOptions {
  readonly redisUrl: string;
  readonly handler: NonNullable<JobHandlers['plan']>;
  readonly log: Log;
  readonly prefix?: string;
}

export interface PlanRequests {
  /** Hands back the request that is running. */
  stop(deadlineMs?: number): Promise<void>;
}

export function servePlanRequests(o: PlanRequestsOptions): PlanRequests {
  const redis = connectRedis(o.redisUrl, 'worker', o.log);
  const worker = new QueueWorker({
    account: null,
    jobs: 1,
    redis,
    prefix: o.prefix ?? DEFAULT_PREFIX,
    member: `scheduler-${process.pid}`,
    timing: DEFAULT_TIMING,
    random: Math.random,
    log: o.log,
    // Jobs of this queue make no gateway requests.
    context: {
      handlers: { plan: o.handler },
      permits: null,
      breaker: null,
      answered: () => {},
      leases: new Turns(),
      onEvent: (event, job) => o.log.debug({ job: job.id, ...event }, `plan request ${event.type}`),
    },
  });
  return {
    async stop(deadlineMs = 3000) {
      const ended = redis.status === 'ready' ? worker.stop() : worker.abandon();
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, deadlineMs))]);
      redis.disconnect();
    },
  };
}
