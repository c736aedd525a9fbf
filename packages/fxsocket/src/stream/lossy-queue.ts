// A bounded queue that never waits for its reader. In: items. Out: the items in order; where the reader was too slow, the oldest are thrown
// away and their number is told in their place. Constant time, and no more memory than `capacity` items.

export class LossyQueue<T> {
  readonly #capacity: number;
  #items: (T | undefined)[] = [];
  /** Where the oldest stands. */
  #head = 0;
  #size = 0;
  #lost = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  put(item: T): void {
    if (this.#size === this.#capacity) {
      // Full: the place of the oldest becomes the place of the newest.
      this.#items[this.#head] = item;
      this.#head = (this.#head + 1) % this.#capacity;
      this.#lost += 1;
      return;
    }
    this.#items[(this.#head + this.#size) % this.#capacity] = item;
    this.#size += 1;
  }

  /** How many were thrown away before the next one; told once. */
  takeLost(): number {
    const lost = this.#lost;
    this.#lost = 0;
    return lost;
  }

  /** The oldest; undefined when there is none. */
  take(): T | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head = (this.#head + 1) % this.#capacity;
    this.#size -= 1;
    return item;
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
    this.#size = 0;
    this.#lost = 0;
  }
}
