// The wall clock of a broker's server. In: a UTC instant. Out: broker time and its spelling on the wire, with the misleading `Z`. A clock rule may
// change the offset at any minute.

import { type ClockRule, parseClockRule } from '@fxtape/market';

export class BrokerClock {
  readonly rule: ClockRule;
  #hot = { fromUtcMs: Number.NaN, toUtcMs: Number.NaN, offsetS: 0 };

  /** Throws CLOCK_RULE_INVALID for a text that is not a rule. */
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

  /** The instant of a broker time; in a repeated hour the later one. */
  utcMs(brokerMs: number): number {
    return brokerMs - this.offsetMs(brokerMs - this.offsetMs(brokerMs));
  }

  /** `2026-06-11T08:55:56.728Z` in broker time. */
  text(utcMs: number): string {
    return new Date(this.brokerMs(utcMs)).toISOString();
  }
}
