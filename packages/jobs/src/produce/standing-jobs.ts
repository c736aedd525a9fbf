// The jobs of an account that wait, are delayed or run, with their payloads. Planners use them to leave out work that is under way under
// another id, and to see how full the queue is.
import type { JobType } from 'bullmq';
import { isPlannedJob, type PlannedJob } from '../catalogue/catalogue.ts';
import type { QueueSet } from '../catalogue/queue-set.ts';

export interface StandingJob {
  readonly id: string;
  readonly job: PlannedJob;
  /** Waits for its next attempt, or for a time that it asked for. */
  readonly delayed: boolean;
}

const READY: JobType[] = ['active', 'waiting', 'prioritized'];

/** At most about `most` of each kind, the first ones. Jobs of another release are left out. */
export async function standingJobs(set: QueueSet, account: string, most: number): Promise<StandingJob[]> {
  const queue = set.queue(account);
  const read = async (types: JobType[], delayed: boolean): Promise<StandingJob[]> => {
    const jobs = await queue.getJobs(types, 0, most - 1, true);
    return jobs.flatMap((job) => {
      // A job may be gone between the list and the read.
      if (job === undefined || job === null) return [];
      const planned = { name: job.name, payload: (job.data as { payload?: unknown } | undefined)?.payload };
      return isPlannedJob(planned) ? [{ id: String(job.id), job: planned, delayed }] : [];
    });
  };
  return [...(await read(READY, false)), ...(await read(['delayed'], true))];
}
