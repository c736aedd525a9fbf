// By which data a subscription would be proved: what was requested and is not confirmed, found by what its frames carry. In: subscriptions with
// whatever stands for them. Out: the one that a frame proves. Empty in the steady state: a tick then costs one look at `size`.

import { topicShapes } from '../api/topics.ts';
import type { Subscription } from './subscription.ts';

type Named = Omit<Subscription, 'topic'> & { readonly type: string };

/** A tick is found by its symbol alone, so that no text has to be made for it. */
const keyOf = ({ symbol, timeframe, type }: Named): string =>
  type === 'tick' ? (symbol ?? '') : `${type}\n${symbol ?? ''}\n${timeframe ?? ''}`;

const keyOfSubscription = ({ topic, ...names }: Subscription): string =>
  keyOf({ type: topicShapes[topic].frame, ...names });

export class AwaitedFrames<T> {
  readonly #byKey = new Map<string, T>();

  get size(): number {
    return this.#byKey.size;
  }

  set(sub: Subscription, value: T): void {
    this.#byKey.set(keyOfSubscription(sub), value);
  }

  delete(sub: Subscription): void {
    this.#byKey.delete(keyOfSubscription(sub));
  }

  clear(): void {
    this.#byKey.clear();
  }

  of(message: Named): T | undefined {
    return this.#byKey.get(keyOf(message));
  }
}
