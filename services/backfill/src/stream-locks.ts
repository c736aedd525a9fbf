// One at a time per name within this process: what compares with the tables and then writes must not be interleaved with another that
// does the same for the same stream.

export class StreamLocks {
  readonly #tails = new Map<string, Promise<void>>();

  /** Runs `work` when everybody who asked for this name before has ended. @throws the signal's reason, while it waits. */
  async hold<T>(name: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(name) ?? Promise.resolve();
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const tail = before.then(() => held);
    this.#tails.set(name, tail);
    try {
      await turn(before, signal);
      return await work();
    } finally {
      release();
      if (this.#tails.get(name) === tail) this.#tails.delete(name);
    }
  }
}

function turn(before: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const aborted = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', aborted, { once: true });
    void before.then(() => {
      signal.removeEventListener('abort', aborted);
      resolve();
    });
  });
}
