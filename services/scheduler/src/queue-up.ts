// Puts as much of a plan into an account's queue as fits. In: the plan and the jobs in the queue. Out: how many were added, and whether more is
// left. A queue holds a few hundred ready jobs, however long the plan: it is refilled as it drains, so that new, more important work does
// not wait behind a hundred thousand jobs. Delayed jobs take no room: a weekend of gaps of closed symbols must not block everything else.
import { describeJob, type JobQueues, type PlannedJob, type StandingJob } from '@fxtape/jobs';
import { streamId, type StreamKey } from '@fxtape/market';
import { type ByKind, kindOf, type PlanTaker } from './plan/take.ts';

/** The most ready jobs in an account's queue; delayed ones do not count. */
export const QUEUE_JOBS = 300;

export interface QueuedUp {
  readonly added: number;
  /** Wanted, and queued or under way already. */
  readonly standing: number;
  /** More is left to queue when there is room. */
  readonly more: boolean;
  readonly doneKeys: readonly string[];
}

export async function queueUp(
  queues: Pick<JobQueues, 'plan'>,
  plan: PlanTaker,
  standing: readonly StandingJob[],
  asOfMs: number,
): Promise<QueuedUp> {
  const work = new WorkUnderWay(standing);
  const ready = { housekeeping: 0, gaps: 0, rereads: 0, history: 0 };
  for (const { delayed, job } of standing) if (!delayed) ready[kindOf(job)] += 1;
  const sum = { added: 0, standing: 0 };
  const doneKeys: string[] = [];
  let more = true;
  while (more) {
    const taken = plan.take(QUEUE_JOBS - total(ready), ready);
    more = taken.more;
    if (taken.jobs.length === 0) break;
    const fresh = taken.jobs.filter(({ job }) => !work.has(job));
    sum.standing += taken.jobs.length - fresh.length;
    const { counts, jobs } = await queues.plan(
      fresh.map(({ job }) => job),
      { asOfMs },
    );
    doneKeys.push(...fresh.flatMap((one) => one.doneKeys));
    sum.added += counts.added + counts.again;
    sum.standing += counts.queued + counts.raised;
    for (const [i, { kind }] of fresh.entries()) if (ADDED.has(jobs[i]?.verdict)) ready[kind] += 1;
  }
  return { ...sum, more, doneKeys };
}

const ADDED: ReadonlySet<unknown> = new Set(['added', 'again']);

const total = (of: ByKind): number => Object.values(of).reduce((sum, count) => sum + count, 0);

/** Work that is queued or under way, so that it is not planned again under another id. */
export class WorkUnderWay {
  readonly #ids: ReadonlySet<string>;
  readonly #ranges = new Map<string, { fromUs: number; toUs: number }[]>();

  constructor(standing: readonly StandingJob[]) {
    this.#ids = new Set(standing.map(({ id }) => id));
    for (const { job } of standing) {
      const stream = streamOf(job);
      if (stream === null) continue;
      const list = this.#ranges.get(stream.id);
      if (list === undefined) this.#ranges.set(stream.id, [stream.range]);
      else list.push(stream.range);
    }
  }

  /**
   * The same job, or for history one that reads the beginning of the same range: either its range was longer when it was planned (part of
   * it is covered by now), or shorter (the newest end is in the next plan).
   */
  has(job: PlannedJob): boolean {
    if (this.#ids.has(describeJob(job).id)) return true;
    const stream = streamOf(job);
    if (stream === null || stream.why === 'reread') return false;
    const { fromUs } = stream.range;
    return (
      this.#ranges.get(stream.id)?.some((range) => range.fromUs <= fromUs && fromUs < range.toUs) ?? false
    );
  }
}

function streamOf(
  job: PlannedJob,
): { id: string; why: string; range: { fromUs: number; toUs: number } } | null {
  if (job.name !== 'bars' && job.name !== 'deals' && job.name !== 'positions' && job.name !== 'ticks')
    return null;
  const { payload } = job;
  const key: StreamKey = {
    stream: job.name,
    symbol: 'symbol' in payload ? payload.symbol : null,
    timeframe: 'timeframe' in payload ? payload.timeframe : null,
  };
  return { id: streamId(key), why: payload.why, range: payload };
}
