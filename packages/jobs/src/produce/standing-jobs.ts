// The jobs in an account's queue: waiting, delayed or running, with what each is about. For planners: work that is already under way is not
// planned under another name, and a full queue takes no more.
import type { JobType } from 'bullmq';
import { definitionOf, type PlannedJob } from '../catalogue/catalogue.ts';
import type { QueueSet } from '../catalogue/queue-set.ts';

export interface StandingJob {
  readonly id: string;
  readonly job: PlannedJob;
  /** Waits for its next try, or for a moment that it asked for. */
  readonly delayed: boolean;
}

const READY: JobType[] = ['active', 'waiting', 'prioritized'];

/** At most about `most` of each kind, the first ones. Jobs of another release are left out. */
export async function standingJobs(set: QueueSet, account: string, most: number): Promise<StandingJob[]> {
  const queue = set.queue(account);
  const read = async (types: JobType[], delayed: boolean): Promise<StandingJob[]> => {
    const jobs = await queue.getJobs(types, 0, most - 1, true);
    return jobs.flatMap((job) => {
      // An id may be gone between the list and the look at it.
      if (job === undefined || job === null) return [];
      const payload = (job.data as { payload?: unknown } | undefined)?.payload;
      if (definitionOf(job.name)?.schema.safeParse(payload).success !== true) return [];
      return [{ id: String(job.id), job: { name: job.name, payload } as PlannedJob, delayed }];
    });
  };
  return [...(await read(READY, false)), ...(await read(['delayed'], true))];
}
