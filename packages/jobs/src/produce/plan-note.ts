// The answer to a request to plan, kept with its finished job. In: what the scheduler planned, or what a queue stored of it. Out: the jobs,
// for the caller to follow until they are done, and the number of each verdict.
import { z } from 'zod';
import { isPlannedJob, type PlannedJob } from '../catalogue/catalogue.ts';
import type { PlanResult } from './plan-jobs.ts';

export interface PlanNote {
  readonly jobs: readonly PlannedJob[];
  readonly counts: PlanResult['counts'];
  /** Jobs left out because there are too many at once: ask again when these are done. */
  readonly left: number;
  /** Accounts that could not be planned now, and why. */
  readonly failed: readonly { readonly account: string; readonly line: string }[];
}

const count = z.int().min(0);
const note = z.object({
  jobs: z.array(z.custom<PlannedJob>(isPlannedJob)),
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
  return read.success ? read.data : null;
}
