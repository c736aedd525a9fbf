// When to try to connect again. In: how the last attempt or connection ended, the time, a random number. Out: a delay.
// Failed attempts double it up to a cap; connections that end just after becoming live, several in a row, mean that
// somebody else uses this account's one socket: then the pace is slow on purpose, so that the two do not evict each other for ever.

import type { StreamLimits } from './limits.ts';

export interface Retry {
  ms: number;
  contended: boolean;
}

export class Backoff {
  readonly #limits: StreamLimits;
  readonly #random: () => number;
  #failures = 0;
  #evictions = 0;
  #liveSinceMs: number | null = null;

  constructor(limits: StreamLimits, random: () => number) {
    this.#limits = limits;
    this.#random = random;
  }

  /** Attempts in a row that led to nothing. */
  get failures(): number {
    return this.#failures;
  }

  /** The connection proved itself: a first subscription was confirmed. */
  live(nowMs: number): void {
    if (this.#liveSinceMs !== null) return;
    this.#liveSinceMs = nowMs;
    this.#failures = 0;
  }

  /** The attempt was refused; `retryAfterMs`: what the server asked for. */
  refused(retryAfterMs: number | null): Retry {
    this.#failures += 1;
    const wait = this.#next();
    const asked = Math.min(retryAfterMs ?? 0, this.#limits.retryAfterMaxMs);
    return { ...wait, ms: Math.max(wait.ms, asked) };
  }

  /** The connection ended. `byPeer`: the other side or the network ended it, not we. */
  ended(nowMs: number, byPeer: boolean): Retry {
    const liveSinceMs = this.#liveSinceMs;
    this.#liveSinceMs = null;
    if (liveSinceMs === null) this.#failures += 1;
    else if (nowMs - liveSinceMs >= this.#limits.contendedWithinMs) this.#evictions = 0;
    else if (byPeer) this.#evictions += 1;
    return this.#next();
  }

  #next(): Retry {
    const { backoffMinMs, backoffMaxMs, contendedAfter, contendedRetryMs } = this.#limits;
    if (this.#evictions >= contendedAfter)
      return { ms: Math.round(contendedRetryMs * (1 + this.#random() / 10)), contended: true };
    const fullMs = Math.min(backoffMaxMs, backoffMinMs * 2 ** Math.min(this.#failures, 30));
    // Half fixed, half random: never at once, and never many accounts in step.
    return { ms: Math.round(fullMs / 2 + (this.#random() * fullMs) / 2), contended: false };
  }
}
