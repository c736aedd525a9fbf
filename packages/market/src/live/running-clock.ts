// Whether stated times move with ours. In: times of a clock with their times of receipt, in the order in which they came. Out: for how
// long they have moved at our pace. What is older than the newest one says nothing, because a clock is as late as its latest word; what
// jumps begins anew.

import type { BrokerMs } from '../time/time.ts';

/** What is stated may be the time of the last tick: it moves in steps, and stands still in between. */
const PACE_US = 5_000_000;

export class RunningClock {
  #first: { readonly ms: number; readonly us: number } | null = null;
  #newestMs = Number.NEGATIVE_INFINITY;

  /** Microseconds for which it has been seen to run; 0: not, or not yet. */
  take(ms: BrokerMs, us: number): number {
    if (this.#first !== null && ms <= this.#newestMs) return 0;
    this.#newestMs = ms;
    const first = this.#first;
    if (first !== null && Math.abs((ms - first.ms) * 1000 - (us - first.us)) <= PACE_US) return us - first.us;
    this.#first = { ms, us };
    return 0;
  }

  forget(): void {
    this.#first = null;
    this.#newestMs = Number.NEGATIVE_INFINITY;
  }
}
