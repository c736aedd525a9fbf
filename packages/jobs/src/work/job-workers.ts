// The consumer's side: runs the jobs of every account that has a queue, and shares them with all processes that do the same, without
// configuration. In: handlers. Once a second it reads from Redis which accounts there are, which processes serve them and what their
// budgets are, and opens, resizes and closes one worker per account's queue. Who guarantees what:
//
//   budget-store   how many requests an account may make (adapted to its answers), and how many jobs may run
//   permit-leases  never more requests than that, over all processes
//   fair-share     how many of the permits and jobs fall to this process
//   local-permits  order among the requests of this process, and its share
//   account-breaker, away-store   no requests to a gateway that is away, and one at a time to probe it
import { hostname } from 'node:os';
import { type Clock, type Log, type Metrics, systemClock, type Timer } from '@fxtape/ops';
import type { Redis } from 'ioredis';
import { AccountBreaker } from './account-breaker.ts';
import { AnswerTally } from '../budget/answer-tally.ts';
import { type Away, AwayStore } from '../budget/away-store.ts';
import { type Budget, BudgetStore } from '../budget/budget-store.ts';
import { type BudgetLimits, jobsOf } from '../budget/budget-step.ts';
import { fairShare } from '../budget/fair-share.ts';
import { Fleet } from '../budget/fleet.ts';
import { LocalPermits } from '../budget/local-permits.ts';
import type { JobHandlers } from '../catalogue/job-handler.ts';
import { JobMetrics } from './job-metrics.ts';
import { NameLeases } from './name-leases.ts';
import { PermitLeases } from '../budget/permit-leases.ts';
import { QueueSet } from '../catalogue/queue-set.ts';
import { connectRedis } from '../catalogue/redis-connection.ts';
import { QueueWorker, type QueueWorkerTiming } from './queue-worker.ts';

export interface WorkersTiming extends QueueWorkerTiming {
  /** How often accounts, members and budgets are read. */
  readonly beatMs: number;
  /** A process that has not reported for this long is gone. */
  readonly deadAfterMs: number;
  /** How often a budget may change. */
  readonly windowMs: number;
}

export interface JobWorkersOptions {
  readonly redisUrl: string;
  readonly handlers: JobHandlers;
  readonly log: Log;
  /** Accounts that this process can serve; default: all. */
  readonly serves?: (account: string) => boolean;
  /** Of every account's budget; default: at most 3 concurrent requests. */
  readonly limits?: BudgetLimits;
  readonly metrics?: Metrics;
  readonly prefix?: string;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly timing?: Partial<WorkersTiming>;
}

export interface AccountWork {
  readonly account: string;
  /** This process's share of the permits. */
  readonly slots: number;
  /** Requests under way, and requests that wait for a permit. */
  readonly requests: { readonly inUse: number; readonly waiting: number };
  /** Running jobs: a few per permit. */
  readonly active: number;
  readonly members: number;
  readonly budget: Budget;
  /** The latest absence of its gateway, within a week; null: none. */
  readonly away: Away | null;
}

export const DEFAULT_TIMING: WorkersTiming = {
  lockMs: 5000,
  stalledEveryMs: 1500,
  graceMs: 250,
  beatMs: 1000,
  deadAfterMs: 4000,
  windowMs: 5000,
};

export class JobWorkers {
  /** The name of this process in the fleet. */
  readonly member: string;
  readonly #o: JobWorkersOptions;
  readonly #timing: WorkersTiming;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #redis: Redis;
  readonly #set: QueueSet;
  readonly #fleet: Fleet;
  readonly #budgets: BudgetStore;
  readonly #away: AwayStore;
  readonly #metrics: JobMetrics | null;
  readonly #workers = new Map<string, QueueWorker>();
  readonly #closing = new Set<QueueWorker>();
  readonly #tallies = new Map<string, AnswerTally>();
  readonly #leases: PermitLeases;
  readonly #names: NameLeases;
  readonly #permits = new Map<string, LocalPermits>();
  readonly #breakers = new Map<string, AccountBreaker>();
  #states: AccountWork[] = [];
  #timer: Timer | null = null;
  #stopping = false;
  #stopped: Promise<void> | null = null;

  constructor(o: JobWorkersOptions) {
    this.#o = o;
    this.#timing = { ...DEFAULT_TIMING, ...o.timing };
    this.#clock = o.clock ?? systemClock();
    this.#random = o.random ?? Math.random;
    this.member = `${hostname()}-${process.pid}-${Math.floor(this.#random() * 2 ** 32).toString(36)}`;
    this.#redis = connectRedis(o.redisUrl, 'worker', o.log);
    const onError = (error: Error) => o.log.debug({ err: error }, 'queue error');
    this.#set = new QueueSet(this.#redis, { prefix: o.prefix, onError });
    this.#fleet = new Fleet(this.#set, { member: this.member, deadAfterMs: this.#timing.deadAfterMs });
    this.#budgets = new BudgetStore(this.#set, o.limits);
    this.#away = new AwayStore(this.#set, this.#random);
    const lease = { member: this.member, ttlMs: this.#timing.deadAfterMs, random: this.#random };
    this.#leases = new PermitLeases(this.#set, lease);
    this.#names = new NameLeases(this.#set, { ...lease, ttlMs: 3 * lease.ttlMs });
    this.#metrics = o.metrics === undefined ? null : new JobMetrics(o.metrics);
    void this.#beat();
  }

  /** What this process is doing for each account. */
  state(): readonly AccountWork[] {
    return this.#states.map((state) => ({
      ...state,
      active: this.#workers.get(state.account)?.active ?? 0,
      requests: this.#requests(state.account),
    }));
  }

  /** False while Redis does not answer: no job is started then. */
  connected(): boolean {
    return this.#redis.status === 'ready';
  }

  /** Hands back all jobs with their checkpoints. Takes milliseconds, or `deadlineMs` (default 3,000) when Redis does not answer. */
  stop(deadlineMs = 3000): Promise<void> {
    this.#stopped ??= this.#stop(deadlineMs);
    return this.#stopped;
  }

  async #stop(deadlineMs: number): Promise<void> {
    this.#stopping = true;
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer);
    const workers = [...this.#workers.values(), ...this.#closing];
    if (this.#redis.status === 'ready') {
      const orderly = Promise.all(workers.map((worker) => worker.stop()))
        .then(() => this.#fleet.leave())
        .then(() => this.#set.close());
      await Promise.race([orderly, this.#pause(deadlineMs)]);
    } else {
      await Promise.race([Promise.all(workers.map((worker) => worker.abandon())), this.#pause(deadlineMs)]);
    }
    this.#redis.disconnect();
  }

  async #beat(): Promise<void> {
    try {
      await this.#leases.renew();
      await this.#arrange();
      await this.#adapt();
    } catch (error) {
      if (!this.#stopping)
        this.#o.log.warn({ err: error }, 'cannot read accounts and budgets from Redis; retrying in a second');
    }
    if (this.#stopping) return;
    this.#timer = this.#clock.setTimeout(() => void this.#beat(), this.#timing.beatMs);
  }

  async #arrange(): Promise<void> {
    const accounts = (await this.#set.accounts()).filter(this.#o.serves ?? (() => true));
    const members = await this.#fleet.beat(accounts);
    const budgets = await this.#budgets.uphold(accounts);
    const away = await this.#away.read(accounts);
    if (this.#stopping) return;
    this.#states = accounts.map((account) => {
      const budget = budgets.get(account) as Budget;
      const others = members.get(account) ?? [];
      const slots = fairShare(account, this.member, others, budget.slots);
      const requests = { inUse: 0, waiting: 0 };
      const since = away.get(account) ?? null;
      return { account, budget, slots, members: others.length, active: 0, requests, away: since };
    });
    this.#metrics?.away(new Map(accounts.map((account) => [account, away.get(account)?.endedMs === null])));
    const slots = new Map(this.#states.map((state) => [state.account, state.slots]));
    for (const [account, worker] of this.#workers) {
      if ((slots.get(account) ?? 0) === 0) this.#close(account, worker);
    }
    for (const { account, away, slots: count, budget } of this.#states) {
      this.#breaker(account).away = away?.endedMs === null;
      // A worker that is closing still has jobs to finish, so it keeps one permit. While the account is away, one request of all processes
      // probes the gateway.
      this.#permits.get(account)?.resize(Math.max(1, count), away?.alone === true ? 1 : budget.slots);
      const worker = this.#workers.get(account);
      if (worker !== undefined) worker.jobs = jobsOf(count);
      else if (count > 0) this.#workers.set(account, this.#open(account, count, budget.slots));
    }
  }

  /** Reports what this process saw, and decides the next budgets if no other process has. */
  async #adapt(): Promise<void> {
    for (const [account, tally] of this.#tallies) {
      const seen = tally.take();
      if (seen !== null) await this.#budgets.add(account, seen);
    }
    for (const { account, budget } of this.#states) {
      const next = await this.#budgets.decide(account, this.#timing.windowMs);
      if (next === null || next.slots === budget.slots) continue;
      const { slots, reason } = next;
      this.#o.log.info(
        { account, slots, before: budget.slots, reason },
        'changed the request budget of the account',
      );
    }
  }

  #open(account: string, slots: number, limit: number): QueueWorker {
    const tally = this.#tallies.get(account) ?? new AnswerTally();
    this.#tallies.set(account, tally);
    const permits =
      this.#permits.get(account) ?? new LocalPermits({ account, leases: this.#leases, slots, limit });
    this.#permits.set(account, permits);
    const breaker = this.#breaker(account);
    return new QueueWorker({
      account,
      jobs: jobsOf(slots),
      redis: this.#redis,
      prefix: this.#set.prefix,
      member: this.member,
      timing: this.#timing,
      random: this.#random,
      log: this.#o.log,
      context: {
        handlers: this.#o.handlers,
        permits,
        breaker,
        leases: this.#names,
        answered: (answer) => {
          tally.add(answer);
          this.#metrics?.answered(account, answer);
          if (answer.result !== 'away' && answer.result !== 'busy') breaker.answered();
        },
        onEvent: (event, job) => {
          this.#metrics?.event(account, event, job);
          const level = event.type === 'failed' ? 'warn' : event.type === 'held' ? 'info' : 'debug';
          this.#o.log[level]({ account, job: job.id, ...event }, `job ${event.type}`);
        },
      },
    });
  }

  #breaker(account: string): AccountBreaker {
    let breaker = this.#breakers.get(account);
    if (breaker === undefined) {
      breaker = new AccountBreaker({ account, store: this.#away, metrics: this.#metrics, log: this.#o.log });
      this.#breakers.set(account, breaker);
    }
    return breaker;
  }

  #requests(account: string): AccountWork['requests'] {
    const permits = this.#permits.get(account);
    return { inUse: permits?.inUse ?? 0, waiting: permits?.waiting ?? 0 };
  }

  /** Lets its running jobs finish. */
  #close(account: string, worker: QueueWorker): void {
    this.#workers.delete(account);
    this.#closing.add(worker);
    worker
      .finish()
      .catch((error: unknown) => this.#o.log.warn({ err: error, account }, 'could not close a queue worker'))
      .finally(() => this.#closing.delete(worker));
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.setTimeout(resolve, ms));
  }
}
