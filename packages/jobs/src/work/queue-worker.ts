// The worker of one queue in this process: a BullMQ worker with the settings that jobs need. In: how many jobs to run concurrently (a few per
// permit). Out: jobs passed to their handlers. Locks are short, so that the jobs of a killed worker are taken over within seconds. A job may
// lose its worker many times, because that is not the job's fault.
import type { Log } from '@fxtape/ops';
import { type Job, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { type Backoff, definitionOf } from '../catalogue/catalogue.ts';
import { queueName } from '../catalogue/queue-set.ts';
import { retryDelayMs } from './retry-delay.ts';
import { LOCK_LOST, type RunContext, runJob, STOPPING } from './run-job.ts';

export interface QueueWorkerTiming {
  /** A worker that does not renew its locks for this long loses its jobs. */
  readonly lockMs: number;
  /** How often to look for lost jobs. */
  readonly stalledEveryMs: number;
  readonly graceMs: number;
}

export interface QueueWorkerOptions {
  /** Null: the scheduler's queue. */
  readonly account: string | null;
  /** Concurrent jobs. */
  readonly jobs: number;
  readonly redis: Redis;
  readonly prefix: string;
  readonly member: string;
  readonly context: Omit<RunContext, 'stopping' | 'hold' | 'graceMs'>;
  readonly timing: QueueWorkerTiming;
  readonly random: () => number;
  readonly log: Log;
}

const MOST_STALLED = 100;
/** BullMQ honours a hold only in a queue with a rate limit. This one never limits. */
const NO_RATE = { max: 1_000_000_000, duration: 1000 };
const OTHER_RELEASE: Backoff = { firstMs: 1000, capMs: 60_000 };

export class QueueWorker {
  readonly account: string | null;
  readonly #worker: Worker;
  #active = 0;
  #stopping = false;

  constructor(o: QueueWorkerOptions) {
    this.account = o.account;
    const { lockMs, stalledEveryMs, graceMs } = o.timing;
    const context: RunContext = {
      ...o.context,
      graceMs,
      stopping: () => this.#stopping,
      // Redis refuses a time that is no whole number, and the job would count as failed.
      hold: (ms) => this.#worker.rateLimit(Math.ceil(ms)),
    };
    const processor = async (job: Job, token?: string, signal?: AbortSignal): Promise<unknown> => {
      this.#active += 1;
      try {
        return await runJob(job, token ?? '', signal ?? AbortSignal.abort(LOCK_LOST), context);
      } finally {
        this.#active -= 1;
      }
    };
    this.#worker = new Worker(queueName(o.account), (job, token, signal) => processor(job, token, signal), {
      connection: o.redis,
      prefix: o.prefix,
      name: o.member,
      concurrency: o.jobs,
      limiter: NO_RATE,
      lockDuration: lockMs,
      stalledInterval: stalledEveryMs,
      maxStalledCount: MOST_STALLED,
      drainDelay: 2,
      runRetryDelay: 1000,
      settings: {
        backoffStrategy: (made: number, _type?: string, _error?: Error, job?: { name: string }) =>
          retryDelayMs(definitionOf(job?.name ?? '')?.backoff ?? OTHER_RELEASE, made, o.random),
      },
    });
    this.#worker.on('error', (error) =>
      o.log.debug({ err: error, account: o.account }, 'queue worker error'),
    );
    this.#worker.on('stalled', (id) =>
      o.log.info({ account: o.account, job: id }, 'took over a job whose worker died'),
    );
    this.#worker.on('lockRenewalFailed', (ids) => {
      for (const id of ids) this.#worker.cancelJob(id, LOCK_LOST);
    });
  }

  get active(): number {
    return this.#active;
  }

  set jobs(jobs: number) {
    this.#worker.concurrency = jobs;
  }

  /** Takes no more jobs, and lets the running ones finish. */
  finish(): Promise<void> {
    return this.#worker.close();
  }

  /** Takes no more jobs, and hands back the running ones. */
  stop(): Promise<void> {
    this.#stopping = true;
    const closed = this.#worker.close();
    this.#worker.cancelAllJobs(STOPPING);
    return closed;
  }

  /** Stops without Redis. The jobs are taken over when their locks expire. */
  async abandon(): Promise<void> {
    this.#stopping = true;
    this.#worker.cancelAllJobs(STOPPING);
    await this.#worker.close(true);
  }
}
