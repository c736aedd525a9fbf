// The line in front of the permit leases: one account's requests in this process wait here in the order of asking. In: this process's fair
// share of the account's budget, and requests. Out: permits. The lease in Redis (permit-leases.ts) is what limits requests across
// processes. This line adds what a polled lease cannot give: order within a process, and a share of the leases for each process. Without it,
// a process that gives a lease back takes it again before the others poll: two processes with shares of 2 and 1 made 124 and 12 requests
// instead of 92 and 45.
//
//   take ─► waits for one of `slots` here ─► leased in Redis ─► request ─► given back
import { abortable } from '@fxtape/ops';
import type { PermitLeases } from './permit-leases.ts';

/** Gives the permit back; later calls do nothing. */
export type GiveBack = () => void;

export class LocalPermits {
  readonly #account: string;
  readonly #leases: Pick<PermitLeases, 'take' | 'give'>;
  /** In the order of asking; each call admits its waiter. */
  readonly #waiters = new Set<() => void>();
  #slots: number;
  /** Concurrent requests of all processes together. */
  #limit: number;
  #inUse = 0;

  constructor(o: {
    account: string;
    leases: Pick<PermitLeases, 'take' | 'give'>;
    slots: number;
    limit: number;
  }) {
    this.#account = o.account;
    this.#leases = o.leases;
    this.#slots = o.slots;
    this.#limit = o.limit;
  }

  get inUse(): number {
    return this.#inUse;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  /** `slots`: this process's share; `limit`: all processes together. When they shrink, running requests finish. */
  resize(slots: number, limit: number): void {
    this.#slots = slots;
    this.#limit = limit;
    this.#admit();
  }

  /**
   * Waits for a permit.
   * @throws the signal's reason when it is aborted first; QUEUE_REFUSED when Redis refuses.
   */
  async take(signal: AbortSignal): Promise<GiveBack> {
    await this.#turn(signal);
    let token: string;
    try {
      token = await this.#leases.take(this.#account, () => this.#limit, signal);
    } catch (error) {
      this.#leave();
      throw error;
    }
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#leases.give(this.#account, token);
      this.#leave();
    };
  }

  async #turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    // Even with a free slot: otherwise this request would overtake one that was admitted a moment ago.
    const turn = Promise.withResolvers<void>();
    this.#waiters.add(turn.resolve);
    this.#admit();
    try {
      await abortable(turn.promise, signal);
    } catch (error) {
      // Admitted and aborted at the same moment: the slot goes to the next one.
      if (!this.#waiters.delete(turn.resolve)) this.#leave();
      throw error;
    }
  }

  #leave(): void {
    this.#inUse -= 1;
    this.#admit();
  }

  #admit(): void {
    for (const admit of this.#waiters) {
      if (this.#inUse >= this.#slots) return;
      this.#waiters.delete(admit);
      this.#inUse += 1;
      admit();
    }
  }
}
