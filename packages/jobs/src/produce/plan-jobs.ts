// Puts jobs into queues, account by account. In: jobs of the catalogue and the time they were computed for. Out: what became of each
// (plan-verdict.ts). Safe for several planners at once: BullMQ adds an id only once, and removing an ended job before adding it again at
// worst repeats work that was to be repeated anyway.
import { type Log, passing } from '@fxtape/ops';
import type { JobsOptions } from 'bullmq';
import { catalogue, type DescribedJob, describeJob, type PlannedJob } from '../catalogue/catalogue.ts';
import { type KnownJob, planVerdict, type PlanVerdict } from './plan-verdict.ts';
import { pipelineAnswers, type QueueSet } from '../catalogue/queue-set.ts';

export interface PlanRequest {
  /** The time of the state that the plan was computed from, wall clock; default: now. Work that finished later is not planned again. */
  readonly asOfMs?: number;
  /** How long a failed job rests; default 60,000 ms. 0: a person asks, so retry now. */
  readonly restMs?: number;
}

export interface PlanResult {
  /** In the order of the jobs given. */
  readonly jobs: readonly { readonly id: string; readonly verdict: PlanVerdict }[];
  readonly counts: Readonly<Record<PlanVerdict, number>>;
}

interface Wanted extends DescribedJob {
  readonly job: PlannedJob;
  readonly index: number;
}

const CHUNK = 500;
const DEFAULT_REST_MS = 60_000;
/** Failed jobs are kept for people; finished ones for as long as a plan may be older than their end. */
const KEEP_COMPLETED = { age: 900, count: 2000 };
const KEEP_FAILED = { age: 7 * 86_400, count: 2000 };

export async function planJobs(
  set: QueueSet,
  jobs: readonly PlannedJob[],
  request: PlanRequest,
  log: Log,
): Promise<PlanResult> {
  const nowMs = Date.now();
  const rules = { asOfMs: request.asOfMs ?? nowMs, restMs: request.restMs ?? DEFAULT_REST_MS, nowMs };
  const wanted = jobs.map((job, index): Wanted => ({ ...describeJob(job), job, index }));
  const verdicts = new Map<number, PlanVerdict>();
  for (const [account, ofAccount] of Map.groupBy(wanted, (one) => one.account)) {
    passing('queue: account');
    if (account !== null) await set.redis.sadd(set.own('accounts'), account);
    for (let at = 0; at < ofAccount.length; at += CHUNK) {
      const chunk = ofAccount.slice(at, at + CHUNK);
      const known = await knownJobs(set, account, chunk);
      const decided = chunk.map((one, i) => ({
        ...one,
        verdict: planVerdict(known[i] as KnownJob, one.priority, rules),
      }));
      await carryOut(set, account, decided, log);
      for (const one of decided) verdicts.set(one.index, one.verdict);
    }
  }
  const counts = { added: 0, again: 0, queued: 0, raised: 0, resting: 0, done: 0 };
  for (const verdict of verdicts.values()) counts[verdict] += 1;
  return {
    jobs: wanted.map(({ id, index }) => ({ id, verdict: verdicts.get(index) as PlanVerdict })),
    counts,
  };
}

async function knownJobs(
  set: QueueSet,
  account: string | null,
  chunk: readonly Wanted[],
): Promise<KnownJob[]> {
  const pipeline = set.redis.pipeline();
  for (const { id } of chunk) {
    pipeline.hget(set.key(account, id), 'priority');
    pipeline.zscore(set.key(account, 'completed'), id);
    pipeline.zscore(set.key(account, 'failed'), id);
  }
  const answers = pipelineAnswers(await pipeline.exec());
  const number = (at: number) => {
    const answer = answers[at] as string | null;
    return answer === null ? null : Number(answer);
  };
  return chunk.map((_, i) => ({
    priority: number(3 * i),
    completedMs: number(3 * i + 1),
    failedMs: number(3 * i + 2),
  }));
}

async function carryOut(
  set: QueueSet,
  account: string | null,
  decided: readonly (Wanted & { verdict: PlanVerdict })[],
  log: Log,
): Promise<void> {
  const queue = set.queue(account);
  const of = (...verdicts: PlanVerdict[]) => decided.filter((one) => verdicts.includes(one.verdict));
  passing('queue: remove');
  await Promise.all(of('again').map(({ id }) => queue.remove(id)));
  passing('queue: add');
  await queue.addBulk(of('added', 'again').map(({ job, id, priority }) => bullJob(job, id, priority)));
  passing('queue: added');
  for (const { id, priority } of of('raised')) {
    try {
      await (await queue.getJob(id))?.changePriority({ priority });
    } catch (error) {
      // The job started or ended in the meantime, so its priority does not matter any more.
      log.debug({ err: error, id }, 'could not raise the priority of a job');
    }
  }
}

function bullJob(
  job: PlannedJob,
  id: string,
  priority: number,
): { name: string; data: { payload: unknown; checkpoint: null }; opts: JobsOptions } {
  const { attempts } = catalogue[job.name];
  return {
    name: job.name,
    data: { payload: job.payload, checkpoint: null },
    opts: {
      jobId: id,
      priority,
      attempts,
      backoff: { type: 'custom' },
      removeOnComplete: KEEP_COMPLETED,
      removeOnFail: KEEP_FAILED,
      stackTraceLimit: 1,
    },
  };
}
