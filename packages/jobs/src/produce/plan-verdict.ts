// What planning a job means when its id is already known. In: what Redis holds of that id. Out: whether it is added, left as it is, or
// taken away and added again. A failed or finished job never blocks the same work for good: it only holds it back until it had its
// rest, or when it finished after the plan was made, and so did what the plan could not know.

export interface KnownJob {
  /** The priority it stands with; null when there is no such job. */
  readonly priority: number | null;
  /** When it ended, wall clock of its worker; null when it did not. */
  readonly completedMs: number | null;
  readonly failedMs: number | null;
}

export interface PlanRules {
  /** The moment whose state the plan was computed from. */
  readonly asOfMs: number;
  /** How long a failed job is left alone. */
  readonly restMs: number;
  readonly nowMs: number;
}

/**
 * `added`; `again`: it had failed or finished before, and is added anew; `queued`: it waits or runs already; `raised`: it waits, and now
 * goes earlier; `resting`: it failed a moment ago; `done`: it finished after `asOfMs`.
 */
export type PlanVerdict = 'added' | 'again' | 'queued' | 'raised' | 'resting' | 'done';

export function planVerdict(known: KnownJob, priority: number, rules: PlanRules): PlanVerdict {
  if (known.priority === null) return 'added';
  if (known.completedMs !== null) return known.completedMs >= rules.asOfMs ? 'done' : 'again';
  if (known.failedMs !== null) {
    return rules.nowMs - known.failedMs < rules.restMs ? 'resting' : 'again';
  }
  return priority < known.priority ? 'raised' : 'queued';
}
