// The worker's side: runs the jobs of every account that has a queue, found in Redis and shared with all other processes that do the
// same, without configuration. In: handlers. Once a second it looks which accounts there are, who else serves them and what their
// budgets are, and opens, resizes and closes its lanes; the split is share.ts, the budget budget-book.ts.
import { hostname } from 'node:os';
import { type Clock, type Log, type Metrics, systemClock, type Timer } from '@fxtape/ops';
import type { Redis } from 'ioredis';
import { AccountBreaker } from './account-breaker.ts';
import { AnswerTally } from '../budget/answer-tally.ts';
import { type Away, AwayBook } from '../budget/away-book.ts';
import { type Budget, BudgetBook } from '../budget/budget-book.ts';
import { type BudgetLimits, jobsOf } from '../budget/budget-step.ts';
import { Fleet } from '../budget/fleet.ts';
import { GatePermits } from '../budget/gate-permits.ts';
import type { JobHandlers } from '../catalogue/job-handler.ts';
import { JobMetrics } from './job-metrics.ts';
import { Lane, type LaneTiming } from './lane.ts';
import { NameLeases } from './name-leases.ts';
import { PermitLeases } from '../budget/permit-lease.ts';
import { QueueSet } from '../catalogue/queue-set.ts';
import { connectRedis } from '../catalogue/redis-connection.ts';
import { shareOf } from './share.ts';

export interface WorkersTiming extends LaneTiming {
  /** How often accounts, members and budgets are looked at. */
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
  /** For accounts whose limits nobody set; default: at most 3 at once, no rate. */
  readonly limits?: BudgetLimits;
  readonly metrics?: Metrics;
  readonly prefix?: string;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly timing?: Partial<WorkersTiming>;
}

export interface LaneState {
  readonly account: string;
  /** Gateway permits that fall to this process: its requests at once. */
  readonly slots: number;
  /** Requests under way, and those that wait for a permit. */
  readonly requests: { readonly inUse: number; readonly waiting: number };
  /** Jobs that run; more than permits. */
  readonly active: number;
  readonly members: number;
  readonly budget: Budget;
  /** When its gateway gave nothing, now or the last time in a week; null: not. */
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
  /** Name of this process among all. */
  readonly member: string;
  readonly #o: JobWorkersOptions;
  readonly #timing: WorkersTiming;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #redis: Redis;
  readonly #set: QueueSet;
  readonly #fleet: Fleet;
  readonly #budgets: BudgetBook;
  readonly #away: AwayBook;
  readonly #metrics: JobMetrics | null;
  readonly #lanes = new Map<string, Lane>();
  readonly #leaving = new Set<Lane>();
  readonly #tallies = new Map<string, AnswerTally>();
  readonly #leases: PermitLeases;
  readonly #names: NameLeases;
  readonly #permits = new Map<string, GatePermits>();
  readonly #breakers = new Map<string, AccountBreaker>();
  #states: LaneState[] = [];
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
    const onError = (error: Error) => o.log.debug({ err: error }, 'queue');
    this.#set = new QueueSet(this.#redis, { prefix: o.prefix, onError });
    this.#fleet = new Fleet(this.#set, { member: this.member, deadAfterMs: this.#timing.deadAfterMs });
    this.#budgets = new BudgetBook(this.#set, o.limits);
    this.#away = new AwayBook(this.#set, this.#random);
    const lease = { member: this.member, ttlMs: this.#timing.deadAfterMs, random: this.#random };
    this.#leases = new PermitLeases(this.#set, lease);
    this.#names = new NameLeases(this.#set, { ...lease, ttlMs: 3 * lease.ttlMs });
    this.#metrics = o.metrics === undefined ? null : new JobMetrics(o.metrics);
    void this.#beat();
  }

  /** What this process does for each account at the moment. */
  state(): readonly LaneState[] {
    return this.#states.map((state) => ({
      ...state,
      active: this.#lanes.get(state.account)?.active ?? 0,
      requests: this.#requests(state.account),
    }));
  }

  /** False while Redis does not answer: then no job is taken. */
  connected(): boolean {
    return this.#redis.status === 'ready';
  }

  /** Hands all jobs back with their checkpoints. Takes milliseconds, or `deadlineMs` (default 3,000) when Redis does not answer. */
  stop(deadlineMs = 3000): Promise<void> {
    this.#stopped ??= this.#stop(deadlineMs);
    return this.#stopped;
  }

  async #stop(deadlineMs: number): Promise<void> {
    this.#stopping = true;
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer);
    const lanes = [...this.#lanes.values(), ...this.#leaving];
    if (this.#redis.status === 'ready') {
      const orderly = Promise.all(lanes.map((lane) => lane.stop()))
        .then(() => this.#fleet.leave())
        .then(() => this.#set.close());
      await Promise.race([orderly, this.#pause(deadlineMs)]);
    } else {
      await Promise.race([Promise.all(lanes.map((lane) => lane.abandon())), this.#pause(deadlineMs)]);
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
        this.#o.log.warn(
          { err: error },
          'the lanes of the accounts could not be set up; trying again in a second',
        );
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
      const slots = shareOf(account, this.member, others, budget.slots);
      const requests = { inUse: 0, waiting: 0 };
      const since = away.get(account) ?? null;
      return { account, budget, slots, members: others.length, active: 0, requests, away: since };
    });
    this.#metrics?.away(new Map(accounts.map((account) => [account, away.get(account)?.endedMs === null])));
    const slots = new Map(this.#states.map((state) => [state.account, state.slots]));
    for (const [account, lane] of this.#lanes) {
      if ((slots.get(account) ?? 0) === 0) this.#close(account, lane);
    }
    for (const { account, away, slots: count, budget } of this.#states) {
      this.#breaker(account).away = away?.endedMs === null;
      // A lane that is closing still has jobs to finish: they share one permit with what the others leave. Only one request, of whichever
      // process, checks whether an account whose requests are paused is back.
      this.#permits.get(account)?.resize(Math.max(1, count), away?.alone === true ? 1 : budget.slots);
      const lane = this.#lanes.get(account);
      if (lane !== undefined) lane.jobs = jobsOf(Math.max(1, count));
      else if (count > 0) this.#lanes.set(account, this.#open(account, count, budget.slots));
    }
  }

  /** Tells the others what was seen, and decides the next budgets where it is this process's turn. */
  async #adapt(): Promise<void> {
    for (const [account, tally] of this.#tallies) {
      const seen = tally.take();
      if (seen !== null) await this.#budgets.tell(account, seen);
    }
    for (const { account, budget } of this.#states) {
      const next = await this.#budgets.decide(account, this.#timing.windowMs);
      if (next === null || next.slots === budget.slots) continue;
      const { slots, reason } = next;
      this.#o.log.info({ account, slots, before: budget.slots, reason }, 'the budget of an account changed');
    }
  }

  #open(account: string, slots: number, limit: number): Lane {
    const tally = this.#tallies.get(account) ?? new AnswerTally();
    this.#tallies.set(account, tally);
    const permits =
      this.#permits.get(account) ?? new GatePermits({ account, leases: this.#leases, slots, limit });
    this.#permits.set(account, permits);
    const breaker = this.#breaker(account);
    return new Lane({
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
      breaker = new AccountBreaker({ account, book: this.#away, metrics: this.#metrics, log: this.#o.log });
      this.#breakers.set(account, breaker);
    }
    return breaker;
  }

  #requests(account: string): LaneState['requests'] {
    const permits = this.#permits.get(account);
    return { inUse: permits?.inUse ?? 0, waiting: permits?.waiting ?? 0 };
  }

  /** Its jobs run to their end. */
  #close(account: string, lane: Lane): void {
    this.#lanes.delete(account);
    this.#leaving.add(lane);
    lane
      .finish()
      .catch((error: unknown) => this.#o.log.warn({ err: error, account }, 'a lane did not close cleanly'))
      .finally(() => this.#leaving.delete(lane));
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.setTimeout(resolve, ms));
  }
}
