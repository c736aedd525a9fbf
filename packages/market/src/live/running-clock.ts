// Whether broker times move at the pace of our clock. In: times with their receive times, in order of arrival. Out: for how long they have
// moved at our pace. A time older than the newest one is ignored; a jump starts the measurement anew.

import type { BrokerMs } from '../time/time.ts';

/** A stated time may be that of the last tick: it moves in steps, and stands still in between. */
const PACE_US = 5_000_000;

export class RunningClock {
  #first: { readonly ms: number; readonly us: number } | null = null;
  #newestMs = Number.NEGATIVE_INFINITY;

  /** For how long it has run, microseconds; 0: not, or not yet. */
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
