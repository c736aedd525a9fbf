// Follows the clock of a gateway that replays an old day, to tell the first pass through a repeated hour from the
// second: receive times say nothing there, but the gateway's own clock went through both in order.

import type { ClockRule, Pass, UtcReading } from './clock-rule.ts';
import type { BrokerMs } from './time.ts';

export class PassTracker {
  readonly #rule: ClockRule;
  #lastUtcMs: number | null;

  /** `lastUtcMs` is where the gateway's clock stood before, null when nobody knows. */
  constructor(rule: ClockRule, lastUtcMs: number | null) {
    this.#rule = rule;
    this.#lastUtcMs = lastUtcMs;
  }

  /** Where the clock stands. */
  get utcMs(): number | null {
    return this.#lastUtcMs;
  }

  /** The pass of a broker time of the live stream, null where the wall clock shows it once. Moves the followed clock. */
  follow(broker: BrokerMs, known: Pass | null = null): Pass | null {
    const plain = this.#rule.offsetIfPlain(broker);
    if (plain !== null) {
      this.#lastUtcMs = broker - plain * 1000;
      return null;
    }
    const reading = known === null ? this.#nearest(broker) : this.#rule.read(broker, { pass: known });
    this.#lastUtcMs = reading.ms;
    return reading.occurrence === 'twice' ? reading.pass : null;
  }

  /** The pass of a time that something states now, such as the open of a bar. Moves nothing. */
  peek(broker: BrokerMs): Pass | null {
    if (this.#rule.offsetIfPlain(broker) !== null) return null;
    const reading = this.#nearest(broker);
    return reading.occurrence === 'twice' ? reading.pass : null;
  }

  #nearest(broker: BrokerMs): UtcReading {
    return this.#rule.read(broker, this.#lastUtcMs === null ? { pass: 1 } : { utcMs: this.#lastUtcMs });
  }
}
