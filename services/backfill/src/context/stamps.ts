// Times that this process never uses twice: they identify rows of `rejected` and of `gap_events`.
import type { Clock } from '@fxtape/ops';

export class Stamps {
  readonly #clock: Pick<Clock, 'nowUs'>;
  readonly #last = new Map<string, number>();

  constructor(clock: Pick<Clock, 'nowUs'>) {
    this.#clock = clock;
  }

  /** The time now in UTC microseconds, or just above the last one for this name, and above `afterUs`. */
  next(name: string, afterUs = 0): number {
    const us = Math.max(this.#clock.nowUs(), (this.#last.get(name) ?? 0) + 1, afterUs + 1);
    this.#last.set(name, us);
    return us;
  }
}
