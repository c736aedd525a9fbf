// The producer's side: what is wanted goes in, at any time, by any number of planners, as often as they like. In: jobs of the catalogue.
// Out: what became of each. A job that waits or runs already is left alone, one that failed or finished is added anew; so whoever
// recomputes the whole plan and gives it here again loses nothing, not even when Redis was emptied in between.
import type { Log } from '@fxtape/ops';
import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { BudgetBook } from '../budget/budget-book.ts';
import type { BudgetLimits } from '../budget/budget-step.ts';
import { describeJob, type PlannedJob } from '../catalogue/catalogue.ts';
import type { JobDone } from '../catalogue/job-handler.ts';
import { Leads } from './leads.ts';
import { AwayBook } from '../budget/away-book.ts';
import { addMarks, readMarks } from './marks.ts';
import { planJobs, type PlanRequest, type PlanResult } from './plan-jobs.ts';
import { type JobSight, lookAt, type QueueReport, reportQueues, resultOf } from './queue-report.ts';
import { QueueSet } from '../catalogue/queue-set.ts';
import { type StandingJob, standingJobs } from './standing-jobs.ts';
import { connectRedis, queueError, readyWithin } from '../catalogue/redis-connection.ts';

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
  readonly #budgets: BudgetBook;
  readonly #away: AwayBook;
  readonly #leads: Leads;
  readonly #connectWithinMs: number;
  readonly #log: Log;

  /** Connects in the background; every call fails at once with QUEUE_UNREACHABLE while there is no connection. */
  constructor(o: JobQueuesOptions) {
    this.#log = o.log;
    this.#redis = connectRedis(o.redisUrl, 'producer', o.log);
    this.#set = new QueueSet(this.#redis, {
      prefix: o.prefix,
      onError: (error) => o.log.debug({ err: error }, 'queue'),
    });
    this.#budgets = new BudgetBook(this.#set);
    this.#away = new AwayBook(this.#set);
    this.#leads = new Leads(this.#set);
    this.#connectWithinMs = o.connectWithinMs ?? 1500;
  }

  /**
   * Puts jobs into the queues of their accounts.
   * @throws QUEUE_UNREACHABLE, QUEUE_REFUSED; what was not added is simply planned again. z.ZodError for a payload that is not one.
   */
  plan(jobs: readonly PlannedJob[], request: PlanRequest = {}): Promise<PlanResult> {
    return this.#call(() => planJobs(this.#set, jobs, request, this.#log));
  }

  /** Takes back what waits and is no longer wanted; what runs already runs on. Returns how many. */
  cancel(account: string, unwanted: (id: string) => boolean): Promise<number> {
    return this.#call(async () => {
      const queue = this.#set.queue(account);
      const ids = (await waitingIds(this.#set, account)).filter(unwanted);
      let removed = 0;
      for (let at = 0; at < ids.length; at += 500) {
        const chunk = ids.slice(at, at + 500);
        const answers = await Promise.all(chunk.map((id) => queue.remove(id)));
        removed += answers.filter((answer) => answer === 1).length;
      }
      return removed;
    });
  }

  /** Takes back everything that waits, also what waits for its next try. */
  drain(account: string): Promise<void> {
    return this.#call(() => this.#set.queue(account).drain(true));
  }

  /** Forgets an account that is no longer configured: its queue and its budget. Workers let go of it within seconds. */
  drop(account: string): Promise<void> {
    return this.#call(async () => {
      await this.#redis.srem(this.#set.own('accounts'), account);
      await this.#set.queue(account).obliterate({ force: true });
      await this.#budgets.forget(account);
      await this.#away.forget(account);
    });
  }

  /** Changes how many requests of an account run at once and how many jobs start per time, in force at once. */
  setLimits(account: string, limits: BudgetLimits): Promise<void> {
    return this.#call(async () => {
      await this.#budgets.setLimits(account, limits);
    });
  }

  /** Leaves an account alone for a while, as `Retry-After` would: no job starts and no request; those under way run on. */
  hold(account: string, ms: number): Promise<void> {
    return this.#call(() => this.#budgets.hold(account, ms));
  }

  /** Where these jobs are, in the same order. */
  look(jobs: readonly PlannedJob[]): Promise<JobSight[]> {
    return this.#call(() => lookAt(this.#set, jobs.map(describeJob)));
  }

  /** What a finished job told at its end, for `plan` with a note (plan-note.ts); null while it is not done, or not known any more. */
  resultOf(job: PlannedJob): Promise<JobDone | null> {
    return this.#call(() => resultOf(this.#set, describeJob(job)));
  }

  /**
   * True when this process leads for the next `ttlMs`; ask again well before they are over. Another one leads when it does not, at once
   * after `close`. Two may believe it for a moment: what they do must not need it.
   * @throws QUEUE_UNREACHABLE, QUEUE_REFUSED
   */
  lead(name: string, ttlMs: number): Promise<boolean> {
    return this.#call(() => this.#leads.lead(name, ttlMs));
  }

  /** What waits, is delayed or is being done for an account; of each kind at most about `most`. */
  standing(account: string, most = 2000): Promise<StandingJob[]> {
    return this.#call(() => standingJobs(this.#set, account, most));
  }

  /** What was marked in this set; empty when it expired, or Redis was emptied. */
  marks(name: string): Promise<Set<string>> {
    return this.#call(() => readMarks(this.#set, name));
  }

  /** Adds words to a set, which then lasts for `ttlMs` from now. Mark what stands in a queue already, never before. */
  mark(name: string, words: readonly string[], ttlMs: number): Promise<void> {
    return this.#call(() => addMarks(this.#set, name, words, ttlMs));
  }

  /** Depth, oldest wait, budget and latest failures of every account. */
  report(): Promise<QueueReport> {
    return this.#call(() => reportQueues(this.#set, this.#budgets, this.#away));
  }

  /** The queues themselves, for a board that shows them. Nobody else needs them. */
  boardQueues(): Promise<Queue[]> {
    return this.#call(async () => {
      const accounts = await this.#set.accounts();
      return [null, ...accounts].map((account) => this.#set.queue(account));
    });
  }

  async close(): Promise<void> {
    if (this.#redis.status === 'ready') {
      // Redis may go away at this very moment; then the lead ends by itself.
      await this.#leads.leave().catch((error: unknown) => this.#log.debug({ err: error }, 'lead'));
      await this.#set.close();
    }
    this.#redis.disconnect();
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

/** Ids that wait, in any way. */
async function waitingIds(set: QueueSet, account: string): Promise<string[]> {
  const [waiting, prioritized, delayed] = await Promise.all([
    set.redis.lrange(set.key(account, 'wait'), 0, -1),
    set.redis.zrange(set.key(account, 'prioritized'), '0', '-1'),
    set.redis.zrange(set.key(account, 'delayed'), '0', '-1'),
  ]);
  return [...waiting, ...prioritized, ...delayed];
}
