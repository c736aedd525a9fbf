// What a service writes for each kind of job. In: the payload, a signal and the checkpoint. Out: what was done, or when to come again.
import type { JobName, Payload } from './catalogue.ts';
import type { Checkpoint } from './checkpoint.ts';

export interface RunningJob<P> {
  readonly id: string;
  readonly name: JobName;
  readonly payload: P;
  /** 1 at the first try. Being handed back, held or taken over from a dead worker does not count. */
  readonly attempt: number;
  /**
   * Every request to the gateway goes through here: it waits for one of the account's permits, is timed, and its answer tells the
   * account's budget. `kind`: requests of one kind are comparable (route, timeframe, size of the range where that matters). One request
   * of the work, no more: storing rows or another `request` inside of it would keep the permit from others, for ever in the second case.
   * While the job waits for permits and has no request under way, its deadline stands still.
   * @throws what `work` throws; the signal's reason when the run is cut short while it waits.
   */
  readonly request: <T>(kind: string, work: (signal: AbortSignal) => Promise<T>) => Promise<T>;
  /** Runs `work` while no other job of any process holds the name. Its signal aborts with JOB_NOT_OURS when that is no longer certain. */
  readonly alone: <T>(name: string, work: (signal: AbortSignal) => Promise<T>) => Promise<T>;
}

export interface JobDone {
  readonly rows: number;
  readonly requests: number;
  /** More for people, JSON. */
  readonly note?: unknown;
}

/** Not finished and nothing failed: the job is run again from its checkpoint, which counts as no try. */
export interface JobAgain {
  readonly againAfterMs: number;
}

export type JobOutcome = JobDone | JobAgain;

/**
 * Runs one job. Every step must be safe to repeat: a job may run twice, even at the same time for a moment.
 * The signal is aborted at the job's deadline (time in which it only waits for a permit does not count), when the process stops and when the job was given to another worker; then the handler
 * has 250 ms to save a last checkpoint, and is left behind. Errors with `kind: 'terminal'` end the job as failed, all others are
 * tried again; one that says `retryAfterMs` leaves the whole account alone for so long, and `accountAway` until its gateway answers again.
 */
export type JobHandler<P> = (
  job: RunningJob<P>,
  signal: AbortSignal,
  checkpoint: Checkpoint,
) => Promise<JobOutcome>;

export type JobHandlers = { readonly [N in JobName]?: JobHandler<Payload<N>> };
