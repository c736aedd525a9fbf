// The budget of each account: how many requests at once and how many jobs per time, for all processes together. It stands in Redis and is
// enforced there, by leases of permits (permit-lease.ts) and BullMQ's own global limits, so it holds however many workers run. In: limits set by people at run time, and what the
// workers saw of the answers. Out: the budget in force. One process at a time decides the next one: who gets the window's lock.
//
// Redis: own:budget:<account>  hash   min, max, jobs, perMs, level, reason, decidedMs
//                              (by: default or person)
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
  /** Requests at once (gateway permits), of all processes together. */
  readonly slots: number;
  readonly level: number;
  readonly reason: BudgetReason;
  /** When it last changed, wall clock of Redis. */
  readonly decidedMs: number;
}

/** BullMQ honours a hold (`Retry-After`) only in a queue that has a rate limit; this one never limits. */
const NO_RATE = { jobs: 1_000_000_000, perMs: 1000 };

export class BudgetBook {
  readonly #set: QueueSet;
  readonly #defaults: BudgetLimits;
  readonly #announced = new Set<string>();

  constructor(set: QueueSet, defaults: BudgetLimits = DEFAULT_LIMITS) {
    this.#set = set;
    this.#defaults = defaults;
  }

  /** Budgets in force; an account is missing that no worker has served yet. */
  async read(accounts: readonly string[]): Promise<Map<string, Budget>> {
    const budgets = new Map<string, Budget>();
    for (const { account, budget } of await this.#look(accounts)) {
      if (budget !== null) budgets.set(account, budget);
    }
    return budgets;
  }

  /**
   * Budgets in force, for a worker: where Redis knows none (first use, or it was emptied) the defaults are put in force, and what BullMQ
   * enforces is corrected. Limits that a person set stay; defaults are those of the process that started last.
   */
  async uphold(accounts: readonly string[]): Promise<Map<string, Budget>> {
    const budgets = new Map<string, Budget>();
    for (const { account, budget, byPerson, enforced } of await this.#look(accounts)) {
      const isNew = !this.#announced.has(account);
      this.#announced.add(account);
      if (budget === null || (isNew && !byPerson && !sameLimits(budget.limits, this.#defaults))) {
        const limits = this.#defaults;
        const next = { limits, level: limits.maxConcurrency, reason: 'start', byPerson: false } as const;
        budgets.set(account, await this.#store(account, next));
        continue;
      }
      const rate = budget.limits.rate ?? NO_RATE;
      const wanted = [jobsOf(budget.slots), rate.jobs, rate.perMs].map(String);
      if (wanted.some((value, at) => enforced[at] !== value)) await this.#enforce(account, budget);
      budgets.set(account, budget);
    }
    return budgets;
  }

  /** Changes the limits of an account, in force at once for all workers. */
  async setLimits(account: string, limits: BudgetLimits): Promise<Budget> {
    const before = (await this.read([account])).get(account);
    const wasAtMost = before === undefined || before.level >= before.limits.maxConcurrency;
    const level = wasAtMost ? limits.maxConcurrency : Math.min(before.level, limits.maxConcurrency);
    return this.#store(account, {
      limits,
      level: Math.max(level, limits.minConcurrency),
      reason: 'limits',
      byPerson: true,
    });
  }

  /** For this long no job of the account starts, and running ones send no request. */
  async hold(account: string, ms: number): Promise<void> {
    const meta = this.#set.key(account, 'meta');
    await this.#set.redis.hsetnx(meta, 'max', NO_RATE.jobs);
    await this.#set.redis.hsetnx(meta, 'duration', NO_RATE.perMs);
    await this.#set.queue(account).rateLimit(ms);
  }

  /** Adds what this process saw to the current window. */
  async tell(account: string, seen: Observed): Promise<void> {
    const pipeline = this.#set.redis.pipeline();
    for (const [field, count] of Object.entries(seen)) {
      pipeline.hincrby(this.#key('seen', account), field, count as number);
    }
    pipelineAnswers(await pipeline.exec());
  }

  /** Decides the next budget when this process is the one to do so in this window; else null. */
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
    if (step.level === before.level) return before;
    const byPerson = fields['by'] === 'person';
    return this.#store(account, { limits: before.limits, byPerson, ...step });
  }

  async forget(account: string): Promise<void> {
    this.#announced.delete(account);
    await this.#set.redis.del(this.#key('budget', account), this.#key('seen', account));
  }

  async #look(accounts: readonly string[]): Promise<Known[]> {
    if (accounts.length === 0) return [];
    const pipeline = this.#set.redis.pipeline();
    for (const account of accounts) {
      pipeline.hgetall(this.#key('budget', account));
      pipeline.hmget(this.#set.key(account, 'meta'), 'concurrency', 'max', 'duration');
    }
    const answers = pipelineAnswers(await pipeline.exec());
    return accounts.map((account, i) => {
      const fields = answers[2 * i] as Record<string, string>;
      const enforced = answers[2 * i + 1] as (string | null)[];
      return { account, budget: parse(fields), byPerson: fields['by'] === 'person', enforced };
    });
  }

  async #store(
    account: string,
    next: { limits: BudgetLimits; level: number; reason: BudgetReason; byPerson: boolean },
  ): Promise<Budget> {
    const { limits, level, reason } = next;
    const decidedMs = await redisNowMs(this.#set.redis);
    await this.#set.redis.hset(this.#key('budget', account), {
      min: limits.minConcurrency,
      max: limits.maxConcurrency,
      jobs: limits.rate?.jobs ?? 0,
      perMs: limits.rate?.perMs ?? 0,
      level,
      reason,
      decidedMs,
      by: next.byPerson ? 'person' : 'default',
    });
    const budget: Budget = { limits, slots: slotsOf(level), level, reason, decidedMs };
    await this.#enforce(account, budget);
    return budget;
  }

  async #enforce(account: string, budget: Budget): Promise<void> {
    const queue = this.#set.queue(account);
    const rate = budget.limits.rate ?? NO_RATE;
    await queue.setGlobalConcurrency(jobsOf(budget.slots));
    await queue.setGlobalRateLimit(rate.jobs, rate.perMs);
  }

  #key(kind: string, account: string): string {
    return this.#set.own(kind, account);
  }
}

interface Known {
  readonly account: string;
  readonly budget: Budget | null;
  readonly byPerson: boolean;
  /** What BullMQ enforces: concurrency, jobs, milliseconds. */
  readonly enforced: readonly (string | null)[];
}

/** Null: Redis knows none. */
function parse(fields: Record<string, string>): Budget | null {
  if (fields['level'] === undefined) return null;
  const number = (name: string) => Number(fields[name]);
  const rate = number('jobs') > 0 ? { jobs: number('jobs'), perMs: number('perMs') } : null;
  const limits = { minConcurrency: number('min'), maxConcurrency: number('max'), rate };
  const level = number('level');
  const reason = fields['reason'] as BudgetReason;
  return { limits, slots: slotsOf(level), level, reason, decidedMs: number('decidedMs') };
}

const sameLimits = (a: BudgetLimits, b: BudgetLimits): boolean => JSON.stringify(a) === JSON.stringify(b);
