// How many concurrent requests an account's terminal gets. In: the budget in force, its limits, and the answers of the last window. Out: the
// next budget. Additive increase, multiplicative decrease: time-outs and refusals halve it, slow answers take a quarter, and a window of
// good answers with work waiting adds one.

export interface BudgetLimits {
  /** At least 1. */
  readonly minConcurrency: number;
  readonly maxConcurrency: number;
}

/** Answers of all workers in one window. */
export interface Observed {
  readonly answers: number;
  /** Among them: much slower than usual for their kind. */
  readonly slow: number;
  /** Among them: 504 or no answer within the deadline. */
  readonly timeouts: number;
  /** Among them: 429 or 503. */
  readonly busy: number;
}

export type BudgetReason = 'start' | 'kept' | 'grew' | 'slow' | 'timeouts' | 'busy';

export interface BudgetStep {
  /** Fractional, so that repeated slowness adds up; `slotsOf` rounds it down. */
  readonly level: number;
  readonly reason: BudgetReason;
}

export const DEFAULT_LIMITS: BudgetLimits = { minConcurrency: 1, maxConcurrency: 3 };

/** Concurrent gateway requests. */
export const slotsOf = (level: number): number => Math.max(1, Math.floor(level));

/**
 * Concurrent jobs for that many permits: while one job has the permit, others store their rows. Storing takes longer than asking where a
 * commit rewrites a month of bars, and jobs that store at the same time share a commit (`npm run bench -- concurrency`).
 */
export const jobsOf = (slots: number): number => 4 * slots;

/** `waiting`: jobs waited at the end of the window, so the budget was the limit. */
export function stepBudget(
  level: number,
  limits: BudgetLimits,
  seen: Observed,
  waiting: boolean,
): BudgetStep {
  const within = (next: number) => Math.min(limits.maxConcurrency, Math.max(limits.minConcurrency, 1, next));
  if (seen.answers > 0) {
    if (seen.busy > 0) return { level: within(level / 2), reason: 'busy' };
    if (seen.timeouts * 5 >= seen.answers) return { level: within(level / 2), reason: 'timeouts' };
    if (seen.slow * 2 >= seen.answers) return { level: within(level * 0.75), reason: 'slow' };
    if (waiting && level < limits.maxConcurrency) return { level: within(level + 1), reason: 'grew' };
  }
  return { level: within(level), reason: 'kept' };
}
