// Runs one task at a time per name within this process, in the order of the calls.
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
    // Not before everybody ahead has ended: who gives up is no end of them.
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
