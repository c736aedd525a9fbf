// The wall clock of a broker's server. In: a true UTC instant. Out: broker time and its wire spelling with the decorative
// `Z`. The rule is asked once per quarter of an hour, because a clock is never switched inside one.

import { type ClockRule, parseClockRule } from '@fxtape/market';

const SLOT = 900_000;

export class BrokerClock {
  readonly rule: ClockRule;
  #slotFrom = Number.NaN;
  #offsetMs = 0;

  /** Throws CLOCK_RULE_INVALID for a text that is no rule. */
  constructor(rule: string) {
    this.rule = parseClockRule(rule);
  }

  /** Broker wall clock minus UTC at a UTC instant, in milliseconds. */
  offsetMs(utcMs: number): number {
    const slot = utcMs - (utcMs % SLOT);
    if (slot !== this.#slotFrom) {
      this.#slotFrom = slot;
      this.#offsetMs = this.rule.offsetAt(slot) * 1000;
    }
    return this.#offsetMs;
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
