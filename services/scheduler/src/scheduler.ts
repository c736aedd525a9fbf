// The scheduler: plans every account each minute and whenever its queue has room, turns streamed events into jobs, and answers requests to
// plan. In: the configuration, as it changes. Out: jobs in Redis, a few rows in QuestDB, and a report.
//
//   leader? ──no──► stand by              (asks again each second; the leadership expires 10 s after the leader stopped renewing it)
//      └─yes─► each second: poll events · every 5 s: read the queues · each minute, or sooner: plan an account
//
// It keeps no state that could be lost: a new leader starts from QuestDB. Two leaders at the same time make the same plan.
import { type AccountConfig, type Config, requireName } from '@fxtape/config';
import { FxSocketError } from '@fxtape/fxsocket';
import {
  JobQueues,
  type PlannedJob,
  type PlanNote,
  type PlanRequests,
  type QueueReport,
  type RunningJob,
  type Payload,
  servePlanRequests,
  setQueueMetrics,
} from '@fxtape/jobs';
import { FxtapeError, type Metrics } from '@fxtape/ops';
import { AccountPlanner, type AccountPlannerOptions, type RequestedPlan } from './account-planner.ts';
import { EventListener } from './event-listener.ts';
import { QUEUE_JOBS } from './queue-up.ts';
import { PlanMetrics } from './plan-metrics.ts';

const LEADER_MS = 10_000;
const BEAT_MS = 1000;
const REPORT_EVERY_MS = 5000;
const PLAN_EVERY_MS = 60_000;
const RETRY_EVERY_MS = 5000;
/** A queue with fewer waiting jobs is filled again, if the plan has more. */
const LOW_JOBS = QUEUE_JOBS / 3;
/** Accounts planned concurrently. */
const AT_ONCE = 4;

export interface SchedulerOptions extends Omit<AccountPlannerOptions, 'configured' | 'queues'> {
  readonly config: Config;
  readonly redisUrl: string;
  readonly metrics: Metrics;
  /** First part of every key in Redis; default `fxtape`. */
  readonly prefix?: string;
}

interface Entry {
  readonly planner: AccountPlanner;
  /** Monotonic clock. */
  dueMs: number;
  running: Promise<void> | null;
  /** Redis had its queue at the last report. */
  queued: boolean;
}

export class Scheduler {
  readonly #o: SchedulerOptions;
  readonly #queues: JobQueues;
  readonly #metrics: PlanMetrics;
  readonly #entries = new Map<string, Entry>();
  readonly #removed = new Map<string, AccountPlanner>();
  readonly #stop = new AbortController();
  #loop: Promise<void> = Promise.resolve();
  #leading = false;
  #electedMs = Number.NEGATIVE_INFINITY;
  #events: EventListener | null = null;
  #requests: PlanRequests | null = null;
  #report: QueueReport | null = null;
  #reportedMs = Number.NEGATIVE_INFINITY;
  #troubles: { redis: string | null; events: string | null } = { redis: null, events: null };
  #wake: () => void = () => {};

  constructor(options: SchedulerOptions) {
    this.#o = options;
    const { log, metrics, prefix, redisUrl } = options;
    this.#queues = new JobQueues({ redisUrl, log, ...(prefix === undefined ? {} : { prefix }) });
    this.#metrics = new PlanMetrics(metrics);
    this.reconfigure(options.config);
  }

  start(): void {
    this.#loop = this.#run(this.#stop.signal);
  }

  /** Takes a changed configuration: adds and changes accounts, and ends the streams of removed ones. */
  reconfigure(config: Config): void {
    const names = new Set(config.accounts.map(({ name }) => name));
    for (const [name, { planner }] of this.#entries) {
      if (names.has(name)) continue;
      this.#entries.delete(name);
      this.#removed.set(name, planner);
    }
    for (const account of config.accounts) {
      this.#removed.delete(account.name);
      const known = this.#entries.get(account.name);
      if (known === undefined) this.#entries.set(account.name, this.#entry(account));
      else {
        known.planner.reconfigure(account);
        known.dueMs = Number.NEGATIVE_INFINITY;
      }
    }
    this.#wake();
  }

  /** The database was replaced: drops everything that was read from it or written to it. */
  forget(): void {
    for (const [name, { planner }] of this.#entries) {
      this.#entries.set(name, this.#entry(planner.config));
      void planner.close();
    }
    this.#wake();
  }

  /** Aborts plans that are being made; the next leader makes them again. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#wake();
    await this.#loop;
    await Promise.all([...this.#entries.values()].map(async ({ running }) => running));
    await this.#requests?.stop();
    await this.#queues.close();
    await Promise.all([...this.#entries.values()].map(({ planner }) => planner.close()));
  }

  state() {
    return {
      leading: this.#leading,
      redis: this.#troubles.redis,
      events: this.#troubles.events,
      planRequests: this.#report?.planRequests ?? null,
      accounts: [...this.#entries].map(([account, { planner }]) => {
        const { plannedAtMs, ...state } = planner.state;
        const queue = this.#report?.accounts.find((one) => one.account === account) ?? null;
        return {
          account,
          ...state,
          plannedAt: plannedAtMs === null ? null : new Date(plannedAtMs).toISOString(),
          queue:
            queue === null
              ? null
              : {
                  waiting: queue.waiting,
                  active: queue.active,
                  delayed: queue.delayed,
                  failed: queue.failed,
                  oldestWaitingMs: queue.oldestWaitingMs,
                },
        };
      }),
    };
  }

  /** Why it is not ready. Standing by is ready. */
  reasons(): string[] {
    const { events, redis } = this.#troubles;
    if (redis !== null) return [redis];
    if (!this.#leading) return [];
    const accounts = [...this.#entries].flatMap(([account, { planner }]) => {
      const { phase, reason } = planner.state;
      return phase === 'planned' ? [] : [`${account}: ${phase}${reason === null ? '' : ` (${reason})`}`];
    });
    return events === null ? accounts : [...accounts, events];
  }

  #entry(config: AccountConfig): Entry {
    const { log } = this.#o;
    const planner = new AccountPlanner(config, {
      ...this.#o,
      queues: this.#queues,
      configured: () => new Set(this.#entries.keys()),
      log: log.child({ account: config.name }),
    });
    return { planner, dueMs: Number.NEGATIVE_INFINITY, running: null, queued: false };
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#beat(signal);
        if (this.#troubles.redis !== null) this.#o.log.info('connected to the queues again');
        this.#troubles.redis = null;
      } catch (error) {
        if (signal.aborted) return;
        const line = error instanceof FxtapeError ? error.toLine() : String(error);
        if (this.#troubles.redis !== line)
          this.#o.log.warn({ err: error }, 'cannot plan: the queues do not answer; retrying every second');
        this.#troubles.redis = line;
      }
      await this.#pause(BEAT_MS, signal);
    }
  }

  async #beat(signal: AbortSignal): Promise<void> {
    const nowMs = this.#o.clock.monoMs();
    if (nowMs - this.#electedMs >= LEADER_MS / 4 || !this.#leading) {
      this.#setLeading(await this.#queues.lead('scheduler', LEADER_MS));
      this.#electedMs = nowMs;
    }
    if (!this.#leading) return;
    await this.#removeGone(signal);
    await this.#followEvents(signal);
    if (nowMs - this.#reportedMs >= REPORT_EVERY_MS) await this.#readQueues(nowMs);
    this.#planDue(nowMs, signal);
  }

  #setLeading(leads: boolean): void {
    if (leads === this.#leading) return;
    const { clock, log, prefix, readers, redisUrl } = this.#o;
    this.#leading = leads;
    log.info(leads ? 'this scheduler is the leader' : 'another scheduler is the leader; standing by');
    if (!leads) {
      void this.#requests?.stop();
      this.#requests = null;
      this.#events = null;
      return;
    }
    this.#events = new EventListener({ reader: readers.history, clock });
    const handler = (job: RunningJob<Payload<'plan'>>, signal: AbortSignal) => this.#requested(job, signal);
    this.#requests = servePlanRequests({
      redisUrl,
      handler,
      log,
      ...(prefix === undefined ? {} : { prefix }),
    });
    for (const entry of this.#entries.values()) entry.dueMs = Number.NEGATIVE_INFINITY;
  }

  async #readQueues(nowMs: number): Promise<void> {
    this.#report = await this.#queues.report();
    this.#reportedMs = nowMs;
    setQueueMetrics(this.#o.metrics, this.#report);
    for (const [account, entry] of this.#entries) {
      const queue = this.#report.accounts.find((one) => one.account === account);
      const low = (queue?.waiting ?? 0) < LOW_JOBS && entry.planner.state.more;
      const { searching } = entry.planner.state;
      const done = searching && queue !== undefined && queue.waiting + queue.active + queue.delayed === 0;
      // Its queue has disappeared: Redis was emptied.
      if (low || done || (entry.queued && queue === undefined)) entry.dueMs = Math.min(entry.dueMs, nowMs);
      entry.queued = queue !== undefined;
    }
  }

  #planDue(nowMs: number, signal: AbortSignal): void {
    let running = [...this.#entries.values()].filter((entry) => entry.running !== null).length;
    const due = [...this.#entries.values()]
      .filter((entry) => entry.running === null && entry.dueMs <= nowMs)
      .toSorted((a, b) => a.dueMs - b.dueMs);
    for (const entry of due) {
      if (running >= AT_ONCE) return;
      running += 1;
      entry.running = this.#planOne(entry, signal);
    }
  }

  async #planOne(entry: Entry, signal: AbortSignal): Promise<void> {
    const { clock } = this.#o;
    const { planner } = entry;
    entry.dueMs = clock.monoMs() + PLAN_EVERY_MS;
    await planner.plan(signal);
    const planned = planner.state.phase === 'planned';
    if (planned) this.#metrics.planned(planner.config.name, planner.state, planner.clockChanges);
    else entry.dueMs = Math.min(entry.dueMs, clock.monoMs() + RETRY_EVERY_MS);
    entry.running = null;
    // Another account may be waiting for a free slot.
    this.#wake();
  }

  async #followEvents(signal: AbortSignal): Promise<void> {
    const events = this.#events;
    if (events === null) return;
    const planners = [...this.#entries.values()].map(({ planner }) => planner);
    const replayed = planners.some(({ config }) => config.clock.replayed);
    try {
      await events.poll({ replayed, signal });
      this.#troubles.events = null;
    } catch (error) {
      signal.throwIfAborted();
      const line = error instanceof FxtapeError ? error.toLine() : String(error);
      if (this.#troubles.events !== line)
        this.#o.log.warn({ err: error }, 'cannot read streamed events; retrying every second');
      this.#troubles.events = line;
    }
    const byFeed = new Map(planners.map((planner) => [planner.config.marketData?.feed ?? null, planner]));
    const reads = events.dueBars().flatMap((bar) => byFeed.get(bar.feed)?.eventJob(bar) ?? []);
    const trades = events.dueTrades().filter(isFor(this.#entries));
    if (reads.length + trades.length > 0) await this.#queues.plan([...reads, ...trades]);
  }

  async #requested(job: RunningJob<Payload<'plan'>>, signal: AbortSignal) {
    const { account } = job.payload;
    const asked = [...this.#entries.values()]
      .map(({ planner }) => planner)
      .filter(({ config }) => account === null || config.name === account);
    if (account !== null) requireName('account', account, [...this.#entries.keys()]);
    const notes: RequestedPlan[] = [];
    const failed: { account: string; line: string; error: unknown }[] = [];
    const plan = async (planner: AccountPlanner): Promise<void> => {
      try {
        notes.push(await planner.planRequested(job.payload, signal));
      } catch (error) {
        signal.throwIfAborted();
        const line = lineOf(error);
        failed.push({ account: planner.config.name, line, error });
      }
    };
    // An account that cannot be planned must not block the others.
    for (let at = 0; at < asked.length; at += AT_ONCE)
      await Promise.all(asked.slice(at, at + AT_ONCE).map(plan));
    if (notes.length === 0) throw failed[0]?.error;
    const { symbol } = job.payload;
    // The symbols of an account that failed are unknown.
    if (failed.length === 0 && symbol !== null)
      requireName(
        'symbol',
        symbol,
        notes.flatMap(({ symbols }) => symbols),
      );
    const note: PlanNote = {
      jobs: notes.flatMap(({ jobs }) => jobs),
      counts: sumOf(notes.map(({ counts }) => counts)),
      left: notes.reduce((sum, { left }) => sum + left, 0),
      failed: failed.map(({ account: name, line }) => ({ account: name, line })),
    };
    return { rows: 0, requests: 0, note };
  }

  async #removeGone(signal: AbortSignal): Promise<void> {
    for (const [name, planner] of this.#removed) {
      try {
        await planner.remove(signal);
        this.#removed.delete(name);
      } catch (error) {
        signal.throwIfAborted();
        this.#o.log.debug(
          { err: error, account: name },
          'cannot end the streams of a removed account; retrying every second',
        );
        return;
      }
    }
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    const { clock } = this.#o;
    return new Promise((resolve) => {
      const done = (): void => {
        clock.clearTimeout(timer);
        this.#wake = () => {};
        resolve();
      };
      const timer = clock.setTimeout(done, ms);
      this.#wake = done;
    });
  }
}

const sumOf = (all: readonly PlanNote['counts'][]): PlanNote['counts'] => {
  const sum = { added: 0, again: 0, queued: 0, raised: 0, resting: 0, done: 0 };
  for (const counts of all)
    for (const verdict of Object.keys(sum) as (keyof typeof sum)[]) sum[verdict] += counts[verdict];
  return sum;
};

/**
 * Whether a reconcile job is for an account of this scheduler whose clock is known. Without a clock rule, its trades wait for the plan,
 * which reads the deals anyway.
 */
const isFor =
  (entries: ReadonlyMap<string, Entry>) =>
  (job: PlannedJob): boolean =>
    job.name === 'reconcile' &&
    entries.get(job.payload.account)?.planner.state.clock?.awaitsEvidence === false;

const lineOf = (error: unknown): string => {
  if (error instanceof FxtapeError) return error.toLine();
  return error instanceof FxSocketError ? `${error.code}: ${error.message}. ${error.hint}` : String(error);
};
