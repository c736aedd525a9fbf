// The state of the queues, for people, metrics and alarms. In: the queues. Out: for each account depth by state, oldest wait, budget, workers
// and latest failures; for single jobs, where they are.
import type { Job, JobState } from 'bullmq';
import type { Away, AwayStore } from '../budget/away-store.ts';
import type { Budget, BudgetStore } from '../budget/budget-store.ts';
import type { DescribedJob } from '../catalogue/catalogue.ts';
import type { JobDone } from '../catalogue/job-handler.ts';
import { redisNowMs } from '../budget/fleet.ts';
import { pipelineAnswers, type QueueSet } from '../catalogue/queue-set.ts';

export interface FailedJob {
  readonly id: string;
  readonly name: string;
  /** `CODE: what happened`. */
  readonly line: string;
  readonly failedMs: number;
  readonly attempts: number;
}

export interface AccountReport {
  readonly account: string;
  /** Ready to run as soon as the budget allows. */
  readonly waiting: number;
  readonly active: number;
  /** Waiting for their next attempt, or for a time that they asked for. */
  readonly delayed: number;
  /** Kept for people. Each is planned again if it is still wanted. */
  readonly failed: number;
  /** Time since the oldest waiting job was planned, ms; null: none waits. Beyond 4,000 waiting jobs only both ends of the queue count. */
  readonly oldestWaitingMs: number | null;
  /** Null: no worker has served it yet. */
  readonly budget: Budget | null;
  /** How much longer the account is held (`Retry-After`), ms; 0: it is not. */
  readonly heldMs: number;
  /** The latest absence of its gateway, within a week; null: none. */
  readonly away: Away | null;
  /** Processes that serve it. */
  readonly workers: number;
  readonly failures: readonly FailedJob[];
}

export interface QueueReport {
  readonly accounts: readonly AccountReport[];
  /** Requests to plan that no scheduler has picked up. */
  readonly planRequests: number;
}

export interface JobSight {
  readonly id: string;
  /** `gone`: Redis does not know it: done a while ago, or Redis was emptied. */
  readonly state: 'waiting' | 'active' | 'delayed' | 'done' | 'failed' | 'gone';
  /** As reported with the last checkpoint, or at the end. */
  readonly rows: number;
  /** Why it failed last. */
  readonly line: string | null;
}

const SHOWN_FAILURES = 10;
const SAMPLE = 2000;

export async function reportQueues(
  set: QueueSet,
  budgets: BudgetStore,
  absences: AwayStore,
): Promise<QueueReport> {
  const accounts = await set.accounts();
  const [inForce, away] = await Promise.all([budgets.read(accounts), absences.read(accounts)]);
  const reports = await Promise.all(
    accounts.map(async (account) => ({
      ...(await reportAccount(set, account, inForce.get(account) ?? null)),
      away: away.get(account) ?? null,
    })),
  );
  const requests = await set.queue(null).getJobCounts('waiting', 'prioritized', 'delayed');
  return { accounts: reports, planRequests: sum(requests) };
}

async function reportAccount(
  set: QueueSet,
  account: string,
  budget: Budget | null,
): Promise<Omit<AccountReport, 'away'>> {
  const queue = set.queue(account);
  const [counts, oldestWaitingMs, held, workers, failures] = await Promise.all([
    queue.getJobCounts('waiting', 'prioritized', 'active', 'delayed', 'failed'),
    oldestWaiting(set, account),
    heldFor(set, account),
    set.redis.zcard(set.own('fleet', account)),
    queue.getFailed(0, SHOWN_FAILURES - 1),
  ]);
  const count = (state: string) => counts[state] ?? 0;
  return {
    account,
    waiting: count('waiting') + count('prioritized'),
    active: count('active'),
    delayed: count('delayed'),
    failed: count('failed'),
    oldestWaitingMs,
    budget,
    heldMs: held,
    workers,
    failures: failures.filter(isJob).map((job) => ({
      id: String(job.id),
      name: job.name,
      line: job.failedReason ?? '',
      failedMs: job.finishedOn ?? 0,
      attempts: job.attemptsMade,
    })),
  };
}

/** BullMQ counts started jobs in this key; a hold sets it beyond any count. */
async function heldFor(set: QueueSet, account: string): Promise<number> {
  const key = set.key(account, 'limiter');
  const [count, ttlMs] = await Promise.all([set.redis.get(key), set.redis.pttl(key)]);
  return Number(count) >= 1e15 ? Math.max(0, ttlMs) : 0;
}

/** A job may be gone between two commands. */
const isJob = (job: Job | undefined): job is Job => job !== undefined && job !== null;

async function oldestWaiting(set: QueueSet, account: string): Promise<number | null> {
  const { redis } = set;
  const prioritized = set.key(account, 'prioritized');
  const lists = await Promise.all([
    redis.lrange(set.key(account, 'wait'), 0, SAMPLE - 1),
    redis.zrange(prioritized, '0', String(SAMPLE - 1)),
    redis.zrange(prioritized, String(-SAMPLE), '-1'),
  ]);
  const ids = [...new Set(lists.flat())];
  if (ids.length === 0) return null;
  const pipeline = redis.pipeline();
  for (const id of ids) pipeline.hget(set.key(account, id), 'timestamp');
  const times = pipelineAnswers(await pipeline.exec())
    .filter((time) => time !== null)
    .map(Number);
  if (times.length === 0) return null;
  return Math.max(0, (await redisNowMs(redis)) - times.reduce((a, b) => Math.min(a, b)));
}

export async function lookAt(set: QueueSet, jobs: readonly DescribedJob[]): Promise<JobSight[]> {
  const sights: JobSight[] = [];
  for (let at = 0; at < jobs.length; at += SAMPLE) {
    const chunk = jobs.slice(at, at + SAMPLE);
    const pipeline = set.redis.pipeline();
    for (const { id, account } of chunk) {
      pipeline.hmget(set.key(account, id), 'progress', 'returnvalue', 'failedReason');
    }
    // States first: a job that is done has its result by then. The other order could miss the result.
    const states = await Promise.all(chunk.map(({ id, account }) => set.queue(account).getJobState(id)));
    const hashes = pipelineAnswers(await pipeline.exec());
    for (const [i, { id }] of chunk.entries()) {
      const [progress, result, line] = hashes[i] as (string | null)[];
      const state = sightState(states[i] as JobState | 'unknown');
      sights.push({ id, state, rows: rowsOf(state === 'done' ? result : progress), line: line ?? null });
    }
  }
  return sights;
}

/** Null: the job is not done, or Redis does not know it any more. */
export async function resultOf(set: QueueSet, { id, account }: DescribedJob): Promise<JobDone | null> {
  const text = await set.redis.hget(set.key(account, id), 'returnvalue');
  return text === null ? null : (JSON.parse(text) as JobDone | null);
}

function sightState(state: JobState | 'unknown'): JobSight['state'] {
  if (state === 'completed') return 'done';
  if (state === 'prioritized' || state === 'waiting-children') return 'waiting';
  return state === 'unknown' ? 'gone' : state;
}

function rowsOf(text: string | null | undefined): number {
  if (text === null || text === undefined || text === '') return 0;
  const value = JSON.parse(text) as { rows?: unknown } | null;
  return typeof value?.rows === 'number' ? value.rows : 0;
}

const sum = (counts: Record<string, number>): number => Object.values(counts).reduce((a, b) => a + b, 0);
