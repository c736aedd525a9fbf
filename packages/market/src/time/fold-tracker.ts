// Follows the clock of a gateway that replays an old day, to determine the fold of times in a repeated hour. Receive times do not show it there,
// but the gateway's own clock passes the first fold before the second.

import type { ClockRule, Fold, UtcReading } from './clock-rule.ts';
import type { BrokerMs } from './time.ts';

export class FoldTracker {
  readonly #rule: ClockRule;
  #lastUtcMs: number | null;

  /** `lastUtcMs`: where the gateway's clock stood last; null if unknown. */
  constructor(rule: ClockRule, lastUtcMs: number | null) {
    this.#rule = rule;
    this.#lastUtcMs = lastUtcMs;
  }

  /** Where the gateway's clock stands. */
  get utcMs(): number | null {
    return this.#lastUtcMs;
  }

  /** The fold of a broker time of the live stream; null if the time occurs once. Moves the followed clock. */
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

  /** The fold of a time stated now, such as the open of a bar. Does not move the followed clock. */
  peek(broker: BrokerMs): Fold | null {
    if (this.#rule.offsetIfPlain(broker) !== null) return null;
    const reading = this.#nearest(broker);
    return reading.occurrence === 'twice' ? reading.fold : null;
  }

  #nearest(broker: BrokerMs): UtcReading {
    return this.#rule.read(broker, this.#lastUtcMs === null ? { fold: 1 } : { utcMs: this.#lastUtcMs });
  }
}
