// Prometheus metrics of the plans. In: each plan. Out: how long it took, what is missing, what was queued.
import type { Metrics } from '@fxtape/ops';
import type { PlannerState } from './account-planner.ts';

export class PlanMetrics {
  readonly #seconds;
  readonly #ranges;
  readonly #missing;
  readonly #added;
  readonly #provisional;
  readonly #clockChanges;
  readonly #counted = new Map<string, number>();

  constructor(metrics: Metrics) {
    this.#seconds = metrics.histogram(
      'fxtape_plan_seconds',
      'Time to plan one account, including its queries to gateway and database',
      ['account'] as const,
      [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    );
    this.#ranges = metrics.gauge('fxtape_missing_ranges', 'Wanted ranges that are not covered', [
      'account',
      'stream',
    ] as const);
    this.#missing = metrics.gauge(
      'fxtape_missing_seconds',
      'Total length of the missing ranges, over all symbols',
      ['account', 'stream'] as const,
    );
    this.#added = metrics.counter('fxtape_planned_jobs_total', 'Jobs that plans added to the queues', [
      'account',
    ] as const);
    this.#provisional = metrics.gauge(
      'fxtape_clock_provisional',
      "1 while the broker's clock rule is provisional (see `fxtape clock`)",
      ['account'] as const,
    );
    this.#clockChanges = metrics.counter(
      'fxtape_clock_rule_changes_total',
      'Clock decisions that replaced an earlier rule',
      ['account'] as const,
    );
  }

  planned(account: string, { added, clock, missing, tookMs }: PlannerState, clockChanges: number): void {
    this.#provisional.set({ account }, clock?.confidence === 'provisional' ? 1 : 0);
    this.#clockChanges.inc({ account }, clockChanges - (this.#counted.get(account) ?? 0));
    this.#counted.set(account, clockChanges);
    this.#seconds.observe({ account }, (tookMs ?? 0) / 1000);
    this.#added.inc({ account }, added);
    for (const { stream, ranges, seconds } of missing) {
      this.#ranges.set({ account, stream }, ranges);
      this.#missing.set({ account, stream }, seconds);
    }
  }
}
