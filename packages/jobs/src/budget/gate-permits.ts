// The gateway permits of one account in this process: how many of its requests may be under way at once. In: this process's share of
// the account's budget (share.ts), and requests that want to be made. Out: each one's turn, in the order of asking. A share is only as
// good as what its owner knows of the others, so the last word on every permit is the lease in Redis (permit-lease.ts).
//
//   take ─► waits for one of `slots` here ─► leased in Redis ─► request ─► given back
import { abortable } from '@fxtape/ops';
import type { PermitLeases } from './permit-lease.ts';

/** Gives the permit back; later calls do nothing. */
export type GiveBack = () => void;

interface Waiter {
  readonly admit: () => void;
}

export class GatePermits {
  readonly #account: string;
  readonly #leases: Pick<PermitLeases, 'take' | 'give'>;
  readonly #waiters = new Set<Waiter>();
  #slots: number;
  /** Requests at once of all processes together. */
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

  /** `slots` of this process, `limit` of all together. Fewer than before: those under way run to their end. */
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
    // Who finds a free place takes the same way as who waited for one: otherwise it would overtake somebody who was admitted a moment ago.
    const turn = Promise.withResolvers<void>();
    const waiter: Waiter = { admit: turn.resolve };
    this.#waiters.add(waiter);
    this.#admit();
    try {
      await abortable(turn.promise, signal);
    } catch (error) {
      // Admitted and aborted at the same moment: the place goes to the next one.
      if (!this.#waiters.delete(waiter)) this.#leave();
      throw error;
    }
  }

  #leave(): void {
    this.#inUse -= 1;
    this.#admit();
  }

  #admit(): void {
    for (const waiter of this.#waiters) {
      if (this.#inUse >= this.#slots) return;
      this.#waiters.delete(waiter);
      this.#inUse += 1;
      waiter.admit();
    }
  }
}
