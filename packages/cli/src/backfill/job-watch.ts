// Watches planned jobs until each is done or failed. In: the jobs, and the queues. Out: how many are finished, their rows, what failed. A
// job that Redis has lost (it was emptied) is planned again under the same id; that is harmless if it was done.
import type { JobQueues, PlannedJob } from '@fxtape/jobs';

export interface FailedWork {
  readonly id: string;
  readonly account: string | null;
  /** `CODE: what happened`. */
  readonly line: string;
}

export interface WatchState {
  readonly total: number;
  readonly done: number;
  readonly failed: readonly FailedWork[];
  readonly active: number;
  /** Waiting in the queue, not started. */
  readonly waiting: number;
  /** Started, and resting until their next check or attempt. */
  readonly resting: number;
  /** Why the last attempt of an unfinished job failed; null: none failed. */
  readonly trouble: string | null;
  /** Of finished jobs, and of running ones as far as they have reported. */
  readonly rows: number;
  /** Accounts with unfinished jobs. */
  readonly accounts: readonly string[];
}

interface Watched {
  readonly job: PlannedJob;
  rows: number;
  lost: number;
}

const MOST_LOST = 5;

export class JobWatch {
  readonly #queues: Pick<JobQueues, 'plan' | 'look'>;
  readonly #total: number;
  readonly #failed: FailedWork[] = [];
  #pending: Watched[];
  #settledRows = 0;

  constructor(queues: Pick<JobQueues, 'plan' | 'look'>, jobs: readonly PlannedJob[]) {
    this.#queues = queues;
    this.#total = jobs.length;
    this.#pending = jobs.map((job) => ({ job, rows: 0, lost: 0 }));
  }

  /** One look at everything that is not settled. @throws QUEUE_UNREACHABLE, QUEUE_REFUSED: nothing is lost, look again. */
  async look(): Promise<WatchState> {
    const sights = await this.#queues.look(this.#pending.map(({ job }) => job));
    const lost: Watched[] = [];
    const counts = { active: 0, waiting: 0, resting: 0 };
    let trouble: string | null = null;
    this.#pending = this.#pending.filter((watched, i) => {
      const sight = sights[i];
      if (sight === undefined) return true;
      watched.rows = Math.max(watched.rows, sight.rows);
      if (sight.state === 'active') counts.active += 1;
      if (sight.state === 'waiting') counts.waiting += 1;
      if (sight.state === 'delayed') counts.resting += 1;
      if (sight.state === 'active' || sight.state === 'delayed') trouble ??= sight.line;
      if (sight.state === 'gone') {
        watched.lost += 1;
        if (watched.lost <= MOST_LOST) lost.push(watched);
      }
      const end = sight.state === 'done' || sight.state === 'failed' || watched.lost > MOST_LOST;
      if (!end) return true;
      this.#settledRows += watched.rows;
      if (sight.state !== 'done') {
        const line =
          sight.line ?? (sight.state === 'gone' ? 'JOB_GONE: the job was withdrawn repeatedly' : '');
        this.#failed.push({ id: sight.id, account: accountOf(watched.job), line });
      }
      return false;
    });
    if (lost.length > 0) await this.#queues.plan(lost.map(({ job }) => job));
    return {
      total: this.#total,
      done: this.#total - this.#pending.length - this.#failed.length,
      failed: this.#failed,
      ...counts,
      trouble,
      rows: this.#settledRows + this.#pending.reduce((sum, { rows }) => sum + rows, 0),
      accounts: [...new Set(this.#pending.flatMap(({ job }) => accountOf(job) ?? []))],
    };
  }
}

export const accountOf = (job: PlannedJob): string | null => job.payload.account;
