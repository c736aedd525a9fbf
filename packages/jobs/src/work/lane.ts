// The runs of one queue in this process: a BullMQ worker with the settings that this recorder needs. In: how many jobs at once (a few times
// the gateway permits). Out: jobs handed to their handlers. Locks are short, so that the jobs of a killed worker are taken over within
// seconds; a job may lose its worker many times, because being killed is not the job's fault.
import type { Log } from '@fxtape/ops';
import { type Job, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { definitionOf } from '../catalogue/catalogue.ts';
import { queueName } from '../catalogue/queue-set.ts';
import { retryDelayMs } from './retry-delay.ts';
import { LOCK_LOST, type RunContext, runJob, STOPPING } from './run-job.ts';

export interface LaneTiming {
  /** A worker that reports nothing for this long has lost its jobs. */
  readonly lockMs: number;
  /** How often lost jobs are looked for. */
  readonly stalledEveryMs: number;
  readonly graceMs: number;
}

export interface LaneOptions {
  /** Null: the scheduler's queue. */
  readonly account: string | null;
  /** Jobs at once. */
  readonly jobs: number;
  readonly redis: Redis;
  readonly prefix: string;
  readonly member: string;
  readonly context: Omit<RunContext, 'stopping' | 'hold' | 'graceMs'>;
  readonly timing: LaneTiming;
  readonly random: () => number;
  readonly log: Log;
}

const FOR_EVER = 100;

export class Lane {
  readonly account: string | null;
  readonly #worker: Worker;
  #active = 0;
  #stopping = false;

  constructor(o: LaneOptions) {
    this.account = o.account;
    const { lockMs, stalledEveryMs, graceMs } = o.timing;
    const context: RunContext = {
      ...o.context,
      graceMs,
      stopping: () => this.#stopping,
      hold: (ms) => this.#worker.rateLimit(ms),
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
      lockDuration: lockMs,
      stalledInterval: stalledEveryMs,
      maxStalledCount: FOR_EVER,
      drainDelay: 2,
      runRetryDelay: 1000,
      settings: {
        backoffStrategy: (made: number, _type?: string, _error?: Error, job?: { name: string }) => {
          const backoff = definitionOf(job?.name ?? '')?.backoff ?? { firstMs: 1000, capMs: 60_000 };
          return retryDelayMs(backoff, made, o.random);
        },
      },
    });
    this.#worker.on('error', (error) => o.log.debug({ err: error, account: o.account }, 'worker'));
    this.#worker.on('stalled', (id) =>
      o.log.info({ account: o.account, job: id }, 'took over the job of a worker that died'),
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

  /** Takes no more jobs, and ends when those that run have ended. */
  finish(): Promise<void> {
    return this.#worker.close();
  }

  /** Takes no more jobs and hands back those that run. */
  stop(): Promise<void> {
    this.#stopping = true;
    const closed = this.#worker.close();
    this.#worker.cancelAllJobs(STOPPING);
    return closed;
  }

  /** Lets go of everything without a word to Redis; the jobs are taken over when their locks run out. */
  async abandon(): Promise<void> {
    this.#stopping = true;
    this.#worker.cancelAllJobs(STOPPING);
    await this.#worker.close(true);
  }
}
