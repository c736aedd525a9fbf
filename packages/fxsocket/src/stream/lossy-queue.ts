// A bounded ring buffer that discards its oldest items when it is full. In: items. Out: the items in order, and how many were discarded before
// the next one.

export class LossyQueue<T> {
  readonly #capacity: number;
  #items: (T | undefined)[] = [];
  /** Index of the oldest item. */
  #head = 0;
  #size = 0;
  #lost = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  put(item: T): void {
    if (this.#size === this.#capacity) {
      // Full: the newest item replaces the oldest.
      this.#items[this.#head] = item;
      this.#head = (this.#head + 1) % this.#capacity;
      this.#lost += 1;
      return;
    }
    this.#items[(this.#head + this.#size) % this.#capacity] = item;
    this.#size += 1;
  }

  /** How many items were discarded before the next one; resets the count. */
  takeLost(): number {
    const lost = this.#lost;
    this.#lost = 0;
    return lost;
  }

  /** Removes the oldest item; undefined when there is none. */
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
