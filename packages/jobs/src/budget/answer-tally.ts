// Counts one process's answers of an account since the last report. In: each answer with its kind, time and result. Out: counts for the
// budget. "Slow" is relative to the usual time of that kind of request, a low quantile that adapts in small steps: a few quick empty
// answers do not make the others slow, and a slow terminal becomes the norm only after some hundred answers.
import type { Observed } from './budget-step.ts';

export interface Answer {
  /** Requests of one kind are comparable: route, timeframe, and the size of the range where that matters. */
  readonly kind: string;
  readonly ms: number;
  /**
   * `busy`: 429 or 503. `timeout`: 504 or the client's own deadline. `away`: the gateway serves no request at all. `error`: any other
   * failure, which says nothing about load.
   */
  readonly result: 'ok' | 'timeout' | 'busy' | 'away' | 'error';
}

const LEARNED_AFTER = 5;
const SLOW_FACTOR = 3;
const NEVER_SLOW_MS = 300;
/** Five steps down weigh as much as one up: the estimate settles where one answer in six is faster. */
const UP = 1.002;
const DOWN = 0.99;
const MOST_KINDS = 1000;

export class AnswerTally {
  readonly #usual = new Map<string, { ms: number; seen: number }>();
  #observed = { answers: 0, slow: 0, timeouts: 0, busy: 0 };

  add(answer: Answer): void {
    this.#observed.answers += 1;
    if (answer.result === 'timeout') this.#observed.timeouts += 1;
    else if (answer.result === 'busy') this.#observed.busy += 1;
    else if (answer.result === 'ok' && this.#isSlow(answer)) this.#observed.slow += 1;
  }

  /** Returns the counts and resets them. Null: there was no answer. */
  take(): Observed | null {
    const taken = this.#observed;
    if (taken.answers === 0) return null;
    this.#observed = { answers: 0, slow: 0, timeouts: 0, busy: 0 };
    return taken;
  }

  #isSlow({ kind, ms }: Answer): boolean {
    const usual = this.#usual.get(kind);
    if (usual === undefined) {
      if (this.#usual.size >= MOST_KINDS) this.#usual.clear();
      this.#usual.set(kind, { ms: Math.max(1, ms), seen: 1 });
      return false;
    }
    usual.seen += 1;
    if (usual.seen <= LEARNED_AFTER) {
      usual.ms += (ms - usual.ms) / usual.seen;
      return false;
    }
    const slow = ms > Math.max(NEVER_SLOW_MS, usual.ms * SLOW_FACTOR);
    usual.ms *= ms > usual.ms ? UP : DOWN;
    return slow;
  }
}
