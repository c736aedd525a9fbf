// What to do with a planned job whose id may be known already. In: what Redis holds of that id. Out: whether it is added, left alone, or
// removed and added again. A failed or finished job never blocks the same work for good: a failed one only until it has rested, a finished
// one only for plans that were computed before it finished.

export interface KnownJob {
  /** Its priority; null when there is no such job. */
  readonly priority: number | null;
  /** When it ended, wall clock of its worker; null: it did not. */
  readonly completedMs: number | null;
  readonly failedMs: number | null;
}

export interface PlanRules {
  /** The time of the state that the plan was computed from. */
  readonly asOfMs: number;
  /** How long a failed job rests. */
  readonly restMs: number;
  readonly nowMs: number;
}

/**
 * `added`; `again`: it had failed or finished before and is added again; `queued`: it waits or runs already; `raised`: it waits, and gets a
 * higher priority; `resting`: it failed a moment ago; `done`: it finished after `asOfMs`.
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
