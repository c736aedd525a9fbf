// How many requests an account's terminal is given at once. In: the budget in force, its limits, and what the answers of the last seconds
// looked like. Out: the next budget. Additive increase, multiplicative decrease: time-outs and refusals halve it, slow answers take
// a quarter, and a window of good answers while work was waiting gives one more.

export interface BudgetLimits {
  /** Never fewer at once than this, at least 1. */
  readonly minConcurrency: number;
  /** Never more at once than this. */
  readonly maxConcurrency: number;
  /** Most jobs started in any `perMs`; null: as many as the concurrency allows. */
  readonly rate: { readonly jobs: number; readonly perMs: number } | null;
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

export type BudgetReason = 'start' | 'kept' | 'grew' | 'slow' | 'timeouts' | 'busy' | 'limits';

export interface BudgetStep {
  /** With a fraction, so that repeated slowness adds up; `slotsOf` is what counts. */
  readonly level: number;
  readonly reason: BudgetReason;
}

export const DEFAULT_LIMITS: BudgetLimits = { minConcurrency: 1, maxConcurrency: 3, rate: null };

/** Gateway permits: requests at once. */
export const slotsOf = (level: number): number => Math.max(1, Math.floor(level));

/**
 * Jobs at once for so many permits: while one job has the permit, others store their rows. Storing takes longer than asking where a commit
 * rewrites a month of bars, and rows of jobs that store together share a commit (`npm run bench -- concurrency`).
 */
export const jobsOf = (slots: number): number => 4 * slots;

/** `waiting`: work was left over at the end of the window, so the budget was what held it back. */
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
