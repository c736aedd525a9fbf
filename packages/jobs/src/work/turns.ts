// A lock by name within this process: runs one task at a time per name, in the order of the calls.
import { abortable } from '@fxtape/ops';

export class Turns {
  readonly #tails = new Map<string, Promise<void>>();

  /** Runs `work` once every earlier caller with this name has finished. @throws the signal's reason, while it waits. */
  async hold<T>(name: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const before = this.#tails.get(name) ?? Promise.resolve();
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const tail = before.then(() => held);
    this.#tails.set(name, tail);
    // Not before all earlier callers have finished: one that was aborted does not end the wait for the others.
    void tail.then(() => {
      if (this.#tails.get(name) === tail) this.#tails.delete(name);
    });
    try {
      signal.throwIfAborted();
      await abortable(before, signal);
      return await work(signal);
    } finally {
      release();
    }
  }
}
