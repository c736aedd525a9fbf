// Follows the clock of a gateway that replays an old day, to tell the first fold of a repeated hour from the
// second: receive times say nothing there, but the gateway's own clock went through both in order.

import type { ClockRule, Fold, UtcReading } from './clock-rule.ts';
import type { BrokerMs } from './time.ts';

export class FoldTracker {
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

  /** The fold of a broker time of the live stream, null where the wall clock shows it once. Moves the followed clock. */
  follow(broker: BrokerMs, known: Fold | null = null): Fold | null {
    const plain = this.#rule.offsetIfPlain(broker);
    if (plain !== null) {
      this.#lastUtcMs = broker - plain * 1000;
      return null;
    }
    const reading = known === null ? this.#nearest(broker) : this.#rule.read(broker, { fold: known });
    this.#lastUtcMs = reading.ms;
    return reading.occurrence === 'twice' ? reading.fold : null;
  }

  /** The fold of a time that something states now, such as the open of a bar. Moves nothing. */
  peek(broker: BrokerMs): Fold | null {
    if (this.#rule.offsetIfPlain(broker) !== null) return null;
    const reading = this.#nearest(broker);
    return reading.occurrence === 'twice' ? reading.fold : null;
  }

  #nearest(broker: BrokerMs): UtcReading {
    return this.#rule.read(broker, this.#lastUtcMs === null ? { fold: 1 } : { utcMs: this.#lastUtcMs });
  }
}
