// The producer's side of the queues. In: jobs of the catalogue, from any number of planners, as often as they like. Out: what became of each.
// A job that waits or runs already is left alone; one that failed or finished is added again. So a planner that computes its whole plan
// anew and passes it in again loses nothing, even if Redis was emptied in between.
import type { Log } from '@fxtape/ops';
import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { AwayStore } from '../budget/away-store.ts';
import { BudgetStore } from '../budget/budget-store.ts';
import { describeJob, type PlannedJob } from '../catalogue/catalogue.ts';
import type { JobDone } from '../catalogue/job-handler.ts';
import { QueueSet } from '../catalogue/queue-set.ts';
import { connectRedis, queueError, readyWithin } from '../catalogue/redis-connection.ts';
import { LeaderElection } from './leader.ts';
import { planJobs, type PlanRequest, type PlanResult } from './plan-jobs.ts';
import { type JobSight, lookAt, type QueueReport, reportQueues, resultOf } from './queue-report.ts';
import { type StandingJob, standingJobs } from './standing-jobs.ts';

export interface JobQueuesOptions {
  readonly redisUrl: string;
  readonly log: Log;
  /** First part of every key in Redis; default `fxtape`. */
  readonly prefix?: string;
  /** How long a call waits for a connection before it fails; default 1,500 ms. */
  readonly connectWithinMs?: number;
}

export class JobQueues {
  readonly #set: QueueSet;
  readonly #redis: Redis;
  readonly #budgets: BudgetStore;
  readonly #away: AwayStore;
  readonly #election: LeaderElection;
  readonly #connectWithinMs: number;
  readonly #log: Log;

  /** Connects in the background. Without a connection, every call fails with QUEUE_UNREACHABLE. */
  constructor(o: JobQueuesOptions) {
    this.#log = o.log;
    this.#redis = connectRedis(o.redisUrl, 'producer', o.log);
    this.#set = new QueueSet(this.#redis, {
      prefix: o.prefix,
      onError: (error) => o.log.debug({ err: error }, 'queue error'),
    });
    this.#budgets = new BudgetStore(this.#set);
    this.#away = new AwayStore(this.#set);
    this.#election = new LeaderElection(this.#set);
    this.#connectWithinMs = o.connectWithinMs ?? 1500;
  }

  /**
   * Puts jobs into the queues of their accounts.
   * @throws QUEUE_UNREACHABLE, QUEUE_REFUSED; jobs that were not added are planned again. z.ZodError for an invalid payload.
   */
  plan(jobs: readonly PlannedJob[], request: PlanRequest = {}): Promise<PlanResult> {
    return this.#call(() => planJobs(this.#set, jobs, request, this.#log));
  }

  /** Removes the queue and the budget of an account that is no longer configured. Workers let go of it within seconds. */
  drop(account: string): Promise<void> {
    return this.#call(async () => {
      await this.#redis.srem(this.#set.own('accounts'), account);
      await this.#set.queue(account).obliterate({ force: true });
      await this.#budgets.forget(account);
      await this.#away.forget(account);
    });
  }

  /** Where these jobs are, in the same order. */
  look(jobs: readonly PlannedJob[]): Promise<JobSight[]> {
    return this.#call(() => lookAt(this.#set, jobs.map(describeJob)));
  }

  /** What a finished job returned, for `plan` with a note (plan-note.ts). Null: it is not done, or Redis does not know it any more. */
  resultOf(job: PlannedJob): Promise<JobDone | null> {
    return this.#call(() => resultOf(this.#set, describeJob(job)));
  }

  /**
   * Becomes or stays the leader for the next `ttlMs`; call again well before they are over. After `close` another process can take over at
   * once. Two processes may believe to be the leader for a moment: what they do must not depend on it.
   * @throws QUEUE_UNREACHABLE, QUEUE_REFUSED
   */
  lead(name: string, ttlMs: number): Promise<boolean> {
    return this.#call(() => this.#election.lead(name, ttlMs));
  }

  /** An account's jobs that wait, are delayed or run; at most about `most` of each kind. */
  standing(account: string, most = 2000): Promise<StandingJob[]> {
    return this.#call(() => standingJobs(this.#set, account, most));
  }

  /**
   * The keys in a set of work that was planned already, such as the re-reads of a day, which leave no trace in the database when nothing
   * changed. Empty when the set expired. An emptied Redis forgets the keys together with the jobs, and both are made again.
   */
  doneKeys(name: string): Promise<Set<string>> {
    return this.#call(async () => new Set(await this.#redis.smembers(this.#doneSet(name))));
  }

  /** Adds keys to a set, which then expires after `ttlMs`. Add a key only after its job is in the queue. */
  addDoneKeys(name: string, keys: readonly string[], ttlMs: number): Promise<void> {
    return this.#call(async () => {
      if (keys.length === 0) return;
      const set = this.#doneSet(name);
      for (let at = 0; at < keys.length; at += 1000)
        await this.#redis.sadd(set, ...keys.slice(at, at + 1000));
      await this.#redis.pexpire(set, ttlMs);
    });
  }

  /** Depth, oldest wait, budget and latest failures of every account. */
  report(): Promise<QueueReport> {
    return this.#call(() => reportQueues(this.#set, this.#budgets, this.#away));
  }

  /** The BullMQ queues, for the queue page only. */
  boardQueues(): Promise<Queue[]> {
    return this.#call(async () => {
      const accounts = await this.#set.accounts();
      return [null, ...accounts].map((account) => this.#set.queue(account));
    });
  }

  async close(): Promise<void> {
    if (this.#redis.status === 'ready') {
      // If Redis goes away at this moment, the leadership expires by itself.
      await this.#election
        .resign()
        .catch((error: unknown) => this.#log.debug({ err: error }, 'could not resign as leader'));
      await this.#set.close();
    }
    this.#redis.disconnect();
  }

  #doneSet(name: string): string {
    return this.#set.own('marks', name);
  }

  async #call<T>(work: () => Promise<T>): Promise<T> {
    try {
      await readyWithin(this.#redis, this.#connectWithinMs);
      return await work();
    } catch (error) {
      throw queueError(error);
    }
  }
}
