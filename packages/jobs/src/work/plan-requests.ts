// The scheduler's inbox: takes requests to plan now, one at a time, from anyone (command, console, another service). In: a handler. Two
// schedulers share the requests; one that dies leaves its request to the other.
import type { Log } from '@fxtape/ops';
import { Turns } from './turns.ts';
import { DEFAULT_TIMING } from './job-workers.ts';
import type { JobHandlers } from '../catalogue/job-handler.ts';
import { Lane } from './lane.ts';
import { DEFAULT_PREFIX } from '../catalogue/queue-set.ts';
import { connectRedis } from '../catalogue/redis-connection.ts';

export interface PlanRequestsOptions {
  readonly redisUrl: string;
  readonly handler: NonNullable<JobHandlers['plan']>;
  readonly log: Log;
  readonly prefix?: string;
}

export interface PlanRequests {
  /** Hands a request back that is being worked on. */
  stop(deadlineMs?: number): Promise<void>;
}

export function servePlanRequests(o: PlanRequestsOptions): PlanRequests {
  const redis = connectRedis(o.redisUrl, 'worker', o.log);
  const lane = new Lane({
    account: null,
    jobs: 1,
    redis,
    prefix: o.prefix ?? DEFAULT_PREFIX,
    member: `scheduler-${process.pid}`,
    timing: DEFAULT_TIMING,
    random: Math.random,
    log: o.log,
    // No gateway is asked by jobs of this queue.
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
      const ended = redis.status === 'ready' ? lane.stop() : lane.abandon();
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, deadlineMs))]);
      redis.disconnect();
    },
  };
}
