// What a service implements for each kind of job. In: the payload, a signal and the checkpoint. Out: what was done, or when to run again.
import type { JobName, Payload } from './catalogue.ts';
import type { Checkpoint } from './checkpoint.ts';

export interface RunningJob<P> {
  readonly id: string;
  readonly name: JobName;
  readonly payload: P;
  /** Counts from 1. Being handed back, held or taken over from a dead worker is not an attempt. */
  readonly attempt: number;
  /**
   * Makes one request to the gateway: waits for one of the account's permits, times the answer and reports it to the account's budget.
   * `kind`: requests of one kind are comparable (route, timeframe, size of the range where that matters). `work` must be the request and
   * nothing else: storing rows in it would hold the permit needlessly, and a nested `request` would deadlock. The deadline is paused while
   * the job waits for a permit and has no request under way.
   * @throws what `work` throws; the signal's reason when the run is aborted while it waits.
   */
  readonly request: <T>(kind: string, work: (signal: AbortSignal) => Promise<T>) => Promise<T>;
  /** Runs `work` while no other job of any process holds the name. Its signal aborts with JOB_NOT_OURS when that is no longer certain. */
  readonly alone: <T>(name: string, work: (signal: AbortSignal) => Promise<T>) => Promise<T>;
}

export interface JobDone {
  readonly rows: number;
  readonly requests: number;
  /** Details, JSON. */
  readonly note?: unknown;
}

/** Not finished and nothing failed: the job runs again from its checkpoint. This is not an attempt. */
export interface JobAgain {
  readonly againAfterMs: number;
}

export type JobOutcome = JobDone | JobAgain;

/**
 * Runs one job. Every step must be safe to repeat: a job may run twice, even at the same time for a moment. The signal is aborted at the
 * job's deadline, when the process stops, and when the job was given to another worker; the handler then has 250 ms to save a last
 * checkpoint before it is abandoned. Errors with `kind: 'terminal'` fail the job; all others are retried. An error with `retryAfterMs` pauses
 * the whole account for that time, and `accountAway` until its gateway answers again.
 */
export type JobHandler<P> = (
  job: RunningJob<P>,
  signal: AbortSignal,
  checkpoint: Checkpoint,
) => Promise<JobOutcome>;

export type JobHandlers = { readonly [N in JobName]?: JobHandler<Payload<N>> };
