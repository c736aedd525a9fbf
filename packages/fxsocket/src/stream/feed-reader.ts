// One reader of a feed, with its subscriptions and its buffer. In: items. Out: an iteration of them; items that were discarded because the
// reader was slow are replaced by their number (`lagged`).

import type { AnyFeedItem as AnyItem, FeedMoment } from './feed-items.ts';
import { LossyQueue } from './lossy-queue.ts';
import { subscriptionKey, type WantedSubscription } from './subscription.ts';

export class FeedReader {
  readonly subs: readonly WantedSubscription[];
  readonly keys: readonly string[];
  readonly #queue: LossyQueue<AnyItem>;
  #last: FeedMoment = { conn: 0, recvUs: 0 };
  #ended = false;
  #failure: { error: unknown } | null = null;
  #wake: () => void = () => {};

  constructor(subs: readonly WantedSubscription[], capacity: number) {
    this.subs = subs;
    this.keys = subs.map(subscriptionKey);
    this.#queue = new LossyQueue(capacity);
  }

  put(item: AnyItem): void {
    if (this.#ended) return;
    this.#queue.put(item);
    this.#last = item;
    this.#wake();
  }

  /** No more items; buffered ones are still read. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** Ends the iteration at once; buffered items are dropped. */
  abort(): void {
    this.#queue.clear();
    this.end();
  }

  /** Buffered items are still read, then the iteration throws. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.end();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<AnyItem, void, undefined> {
    for (;;) {
      const count = this.#queue.takeLost();
      if (count > 0) yield { kind: 'lagged', count, conn: this.#last.conn, recvUs: this.#last.recvUs };
      const item = this.#queue.take();
      if (item !== undefined) yield item;
      else if (this.#ended) {
        if (this.#failure !== null) throw this.#failure.error;
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
