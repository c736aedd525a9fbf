// Decides when to reconnect. In: how the last attempt or connection ended, the time, a random number. Out: a delay. Failed attempts double it
// up to a cap. Several connections in a row that end soon after becoming live mean that another program uses the account's one socket; the
// delay is then long, so that the two do not evict each other forever.

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

  /** Failed attempts in a row. */
  get failures(): number {
    return this.#failures;
  }

  /** The first subscription of the connection was confirmed. */
  live(nowMs: number): void {
    if (this.#liveSinceMs !== null) return;
    this.#liveSinceMs = nowMs;
    this.#failures = 0;
  }

  /** The attempt was refused. `retryAfterMs` is the server's `Retry-After`. */
  refused(retryAfterMs: number | null): Retry {
    this.#failures += 1;
    const wait = this.#next();
    const asked = Math.min(retryAfterMs ?? 0, this.#limits.retryAfterMaxMs);
    return { ...wait, ms: Math.max(wait.ms, asked) };
  }

  /** The connection ended. `byPeer`: the server or the network ended it, not this client. */
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
    // Half fixed, half random: never immediately, and never many accounts at the same moment.
    return { ms: Math.round(fullMs / 2 + (this.#random() * fullMs) / 2), contended: false };
  }
}
