// What a finished request to plan tells whoever asked. In: what the scheduler planned, or what a queue kept of it. Out: the jobs, to be
// looked at until they are done, and how many of each verdict.
import { z } from 'zod';
import { type PlannedJob, definitionOf } from '../catalogue/catalogue.ts';
import type { PlanResult } from './plan-jobs.ts';

export interface PlanNote {
  readonly jobs: readonly PlannedJob[];
  readonly counts: PlanResult['counts'];
  /** Jobs that were not planned, because there are too many at once: ask again when these are done. */
  readonly left: number;
  /** Accounts that could not be planned now, and why. */
  readonly failed: readonly { readonly account: string; readonly line: string }[];
}

const count = z.int().min(0);
const note = z.object({
  jobs: z.array(z.object({ name: z.string(), payload: z.unknown() })),
  counts: z.object({
    added: count,
    again: count,
    queued: count,
    raised: count,
    resting: count,
    done: count,
  }),
  left: count,
  failed: z.array(z.object({ account: z.string(), line: z.string() })),
});

/** Null: not a note of this release. */
export function readPlanNote(value: unknown): PlanNote | null {
  const read = note.safeParse(value);
  if (!read.success) return null;
  const known = read.data.jobs.every(
    (job) => definitionOf(job.name)?.schema.safeParse(job.payload).success === true,
  );
  return known ? (read.data as unknown as PlanNote) : null;
}
