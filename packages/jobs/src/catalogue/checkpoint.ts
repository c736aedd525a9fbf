// How far a job has got, kept with the job: the next attempt resumes there after an error, a graceful stop or the death of its worker. In:
// what the handler reports after each durable step. Losing a checkpoint only repeats work, because the database holds the results. Saving
// is refused once the job no longer belongs to this worker.
import { FxtapeError, passing } from '@fxtape/ops';
import type { Job } from 'bullmq';

export interface JobProgress {
  readonly rows: number;
  readonly requests?: number;
}

export interface Checkpoint {
  /** What an earlier run saved; null on the first run. Check it before use: an older release may have written it. */
  readonly value: unknown;
  /**
   * Saves `value` (small JSON), and the progress for `fxtape backfill` to show.
   * @throws JOB_NOT_OURS when the job was handed back or given to another worker: stop working on it.
   */
  save(value: unknown, progress?: JobProgress): Promise<void>;
}

export class JobCheckpoint implements Checkpoint {
  readonly #job: Job;
  #value: unknown;
  #open = true;

  constructor(job: Job) {
    this.#job = job;
    this.#value = (job.data as { checkpoint?: unknown }).checkpoint ?? null;
  }

  get value(): unknown {
    return this.#value;
  }

  async save(value: unknown, progress?: JobProgress): Promise<void> {
    if (!this.#open) {
      throw new FxtapeError({
        code: 'JOB_NOT_OURS',
        message: `job ${this.#job.id} no longer belongs to this worker`,
      });
    }
    this.#value = value;
    passing('job: checkpoint');
    const data = { ...(this.#job.data as object), checkpoint: value };
    await Promise.all([
      this.#job.updateData(data),
      ...(progress === undefined ? [] : [this.#job.updateProgress({ ...progress })]),
    ]);
  }

  /** Refuses every later save. */
  close(): void {
    this.#open = false;
  }
}
