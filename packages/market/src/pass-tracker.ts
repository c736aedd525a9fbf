// Follows the clock of a gateway that replays an old day, to tell the first pass through a repeated hour from the
// second: receive times say nothing there, but the gateway's own clock went through both in order.

import type { ClockRule, Pass } from './clock-rule.ts';
import type { BrokerMs } from './time.ts';

export class PassTracker {
  readonly #rule: ClockRule;
  #lastUtcMs: number | null;

  /** `lastUtcMs` is where the gateway's clock stood before, null when nobody knows. */
  constructor(rule: ClockRule, lastUtcMs: number | null) {
    this.#rule = rule;
    this.#lastUtcMs = lastUtcMs;
  }

  /** The pass of a broker time, null where the wall clock shows it once. Moves the clock that is followed. */
  follow(broker: BrokerMs): Pass | null {
    const plain = this.#rule.offsetIfPlain(broker);
    if (plain !== null) {
      this.#lastUtcMs = broker - plain * 1000;
      return null;
    }
    const first = this.#rule.read(broker, { pass: 1 });
    if (first.occurrence !== 'twice') {
      this.#lastUtcMs = first.ms;
      return null;
    }
    const reading = this.#lastUtcMs === null ? first : this.#rule.read(broker, { utcMs: this.#lastUtcMs });
    this.#lastUtcMs = reading.ms;
    return reading.pass;
  }
}
