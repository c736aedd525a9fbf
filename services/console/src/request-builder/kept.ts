// An answer that is kept for a while, so that a page which asks with each key press asks the gateway once. In: how to make it. Out: the same
// promise for all who ask meanwhile; failures are kept for a shorter time.

export class Kept<T> {
  readonly #goodMs: number;
  readonly #badMs: number;
  readonly #entries = new Map<string, { readonly value: Promise<T>; untilMs: number }>();

  constructor(o: { goodMs: number; badMs: number }) {
    this.#goodMs = o.goodMs;
    this.#badMs = o.badMs;
  }

  get(key: string, make: () => Promise<T>): Promise<T> {
    const found = this.#entries.get(key);
    if (found !== undefined && performance.now() < found.untilMs) return found.value;
    const value = make();
    const entry = { value, untilMs: Number.POSITIVE_INFINITY };
    this.#entries.set(key, entry);
    value.then(
      () => {
        entry.untilMs = performance.now() + this.#goodMs;
      },
      () => {
        entry.untilMs = performance.now() + this.#badMs;
      },
    );
    return value;
  }
}
