// The budget of each account: how many concurrent gateway requests all processes together may make. In: the default limits of this process,
// and the answers that workers saw. Out: the budget in force. It is kept in Redis; one process per window decides the next one, whichever
// gets the window's lock.
//
// Requests are limited by the permit leases alone (permit-leases.ts). BullMQ's global concurrency limits jobs, a few for each permit: a
// running job holds a page of rows in memory, and while processes disagree about their shares (one joins or leaves), each would otherwise
// start as many jobs as if it were alone.
//
// Redis: own:budget:<account>  hash   min, max, level, reason, decidedMs
//        own:seen:<account>    hash   answers, slow, timeouts, busy of the current window
//        own:window:<account>  string lock of the decision, expires with the window
import {
  type BudgetLimits,
  type BudgetReason,
  DEFAULT_LIMITS,
  jobsOf,
  type Observed,
  slotsOf,
  stepBudget,
} from './budget-step.ts';
import { redisNowMs } from './fleet.ts';
import { pipelineAnswers, type QueueSet } from '../catalogue/queue-set.ts';

export interface Budget {
  readonly limits: BudgetLimits;
  /** Concurrent requests (permits) of all processes together. */
  readonly slots: number;
  readonly level: number;
  readonly reason: BudgetReason;
  /** When it last changed, wall clock of Redis. */
  readonly decidedMs: number;
}

export class BudgetStore {
  readonly #set: QueueSet;
  readonly #defaults: BudgetLimits;
  readonly #announced = new Set<string>();

  constructor(set: QueueSet, defaults: BudgetLimits = DEFAULT_LIMITS) {
    this.#set = set;
    this.#defaults = defaults;
  }

  /** Budgets in force. Accounts that no worker has served yet are left out. */
  async read(accounts: readonly string[]): Promise<Map<string, Budget>> {
    const known = await this.#look(accounts);
    return new Map(known.flatMap(({ account, budget }) => (budget === null ? [] : [[account, budget]])));
  }

  /**
   * Budgets in force, for a worker. Where Redis has none (first use, or it was emptied), stores the defaults, and puts BullMQ's limit
   * right. The limits are those of the process that started last.
   */
  async uphold(accounts: readonly string[]): Promise<Map<string, Budget>> {
    const budgets = new Map<string, Budget>();
    for (const { account, budget, jobs } of await this.#look(accounts)) {
      const isNew = !this.#announced.has(account);
      this.#announced.add(account);
      if (budget === null || (isNew && !sameLimits(budget.limits, this.#defaults))) {
        const next = { level: this.#defaults.maxConcurrency, reason: 'start' } as const;
        budgets.set(account, await this.#store(account, this.#defaults, next));
        continue;
      }
      if (jobs !== jobsOf(budget.slots)) await this.#limitJobs(account, budget.slots);
      budgets.set(account, budget);
    }
    return budgets;
  }

  /** Adds this process's counts to the current window. */
  async add(account: string, seen: Observed): Promise<void> {
    const pipeline = this.#set.redis.pipeline();
    for (const [field, count] of Object.entries(seen)) {
      pipeline.hincrby(this.#key('seen', account), field, count as number);
    }
    pipelineAnswers(await pipeline.exec());
  }

  /** Decides the next budget. Null: another process decides in this window. */
  async decide(account: string, windowMs: number): Promise<Budget | null> {
    const { redis } = this.#set;
    const lock = await redis.set(this.#key('window', account), '1', 'PX', windowMs, 'NX');
    if (lock !== 'OK') return null;
    const [fields, seen, , waiting, prioritized] = pipelineAnswers(
      await redis
        .multi()
        .hgetall(this.#key('budget', account))
        .hgetall(this.#key('seen', account))
        .del(this.#key('seen', account))
        .llen(this.#set.key(account, 'wait'))
        .zcard(this.#set.key(account, 'prioritized'))
        .exec(),
    ) as [Record<string, string>, Record<string, string>, number, number, number];
    const before = parse(fields);
    if (before === null) return null;
    const count = (field: keyof Observed) => Number(seen[field] ?? 0);
    const observed = {
      answers: count('answers'),
      slow: count('slow'),
      timeouts: count('timeouts'),
      busy: count('busy'),
    };
    const step = stepBudget(before.level, before.limits, observed, waiting + prioritized > 0);
    return step.level === before.level ? before : this.#store(account, before.limits, step);
  }

  async forget(account: string): Promise<void> {
    await this.#set.redis.del(this.#key('budget', account), this.#key('seen', account));
  }

  async #look(
    accounts: readonly string[],
  ): Promise<{ account: string; budget: Budget | null; jobs: number }[]> {
    if (accounts.length === 0) return [];
    const pipeline = this.#set.redis.pipeline();
    for (const account of accounts) {
      pipeline.hgetall(this.#key('budget', account));
      pipeline.hget(this.#set.key(account, 'meta'), 'concurrency');
    }
    const answers = pipelineAnswers(await pipeline.exec());
    return accounts.map((account, i) => ({
      account,
      budget: parse(answers[2 * i] as Record<string, string>),
      jobs: Number(answers[2 * i + 1]),
    }));
  }

  async #store(
    account: string,
    limits: BudgetLimits,
    { level, reason }: { level: number; reason: BudgetReason },
  ): Promise<Budget> {
    const decidedMs = await redisNowMs(this.#set.redis);
    const { minConcurrency: min, maxConcurrency: max } = limits;
    await this.#set.redis.hset(this.#key('budget', account), { min, max, level, reason, decidedMs });
    const slots = slotsOf(level);
    await this.#limitJobs(account, slots);
    return { limits, slots, level, reason, decidedMs };
  }

  async #limitJobs(account: string, slots: number): Promise<void> {
    await this.#set.queue(account).setGlobalConcurrency(jobsOf(slots));
  }

  #key(kind: string, account: string): string {
    return this.#set.own(kind, account);
  }
}

/** Null: Redis has none. */
function parse(fields: Record<string, string>): Budget | null {
  if (fields['level'] === undefined) return null;
  const number = (name: string) => Number(fields[name]);
  const level = number('level');
  return {
    limits: { minConcurrency: number('min'), maxConcurrency: number('max') },
    slots: slotsOf(level),
    level,
    reason: fields['reason'] as BudgetReason,
    decidedMs: number('decidedMs'),
  };
}

const sameLimits = (a: BudgetLimits, b: BudgetLimits): boolean =>
  a.minConcurrency === b.minConcurrency && a.maxConcurrency === b.maxConcurrency;
