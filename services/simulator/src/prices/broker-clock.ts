// The wall clock of a broker's server. In: a true UTC instant. Out: broker time and its wire spelling with the decorative `Z`. The offset
// stays the same until the clock is switched, which a rule may do at any minute.

import { type ClockRule, parseClockRule } from '@fxtape/market';

export class BrokerClock {
  readonly rule: ClockRule;
  #hot = { fromUtcMs: Number.NaN, toUtcMs: Number.NaN, offsetS: 0 };

  /** Throws CLOCK_RULE_INVALID for a text that is no rule. */
  constructor(rule: string) {
    this.rule = parseClockRule(rule);
  }

  /** Broker wall clock minus UTC at a UTC instant, in milliseconds. */
  offsetMs(utcMs: number): number {
    const { fromUtcMs, toUtcMs } = this.#hot;
    if (!(utcMs >= fromUtcMs && utcMs < toUtcMs))
      this.#hot = this.rule.intervals.findLast((interval) => interval.fromUtcMs <= utcMs) ?? this.#hot;
    return this.#hot.offsetS * 1000;
  }

  brokerMs(utcMs: number): number {
    return utcMs + this.offsetMs(utcMs);
  }

  /** The instant that a broker time names; of two in an hour that occurs twice, the later. */
  utcMs(brokerMs: number): number {
    return brokerMs - this.offsetMs(brokerMs - this.offsetMs(brokerMs));
  }

  /** `2026-06-11T08:55:56.728Z` in broker time. */
  text(utcMs: number): string {
    return new Date(this.brokerMs(utcMs)).toISOString();
  }
}
