// The numbers of the plans, for Prometheus. In: each plan that was made. Out: how long it took, what is missing, what was queued.
import type { Metrics } from '@fxtape/ops';
import type { PlannerState } from './account-planner.ts';

export class PlanMetrics {
  readonly #seconds;
  readonly #ranges;
  readonly #missing;
  readonly #added;

  constructor(metrics: Metrics) {
    this.#seconds = metrics.histogram(
      'fxtape_plan_seconds',
      'Time to plan one account, with its questions to gateway and database',
      ['account'] as const,
      [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    );
    this.#ranges = metrics.gauge('fxtape_missing_ranges', 'Ranges that are wanted and not claimed', [
      'account',
      'stream',
    ] as const);
    this.#missing = metrics.gauge('fxtape_missing_seconds', 'Length of these ranges, all symbols together', [
      'account',
      'stream',
    ] as const);
    this.#added = metrics.counter('fxtape_planned_jobs_total', 'Jobs that plans added to the queues', [
      'account',
    ] as const);
  }

  planned(account: string, { added, missing, tookMs }: PlannerState): void {
    this.#seconds.observe({ account }, (tookMs ?? 0) / 1000);
    this.#added.inc({ account }, added);
    for (const { stream, ranges, seconds } of missing) {
      this.#ranges.set({ account, stream }, ranges);
      this.#missing.set({ account, stream }, seconds);
    }
  }
}
