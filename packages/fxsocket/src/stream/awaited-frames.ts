// By which data a subscription would be proved: what was requested and is not confirmed, found by what its frames carry. In: subscriptions with
// whatever stands for them. Out: the one that a frame proves. Empty in the steady state: a tick then costs one look at `size`.

import type { Message } from './messages.ts';
import type { Subscription, Topic } from './subscription.ts';

type DataMessage = Extract<
  Message,
  { type: 'tick' | 'bar' | 'terminal' | 'account' | 'positions' | 'trade' }
>;

export class AwaitedFrames<T> {
  readonly #prices = new Map<string, T>();
  readonly #bars = new Map<string, T>();
  readonly #topics = new Map<Topic, T>();

  get size(): number {
    return this.#prices.size + this.#bars.size + this.#topics.size;
  }

  set({ symbol = '', timeframe, topic }: Subscription, value: T): void {
    if (topic === 'prices') this.#prices.set(symbol, value);
    else if (topic === 'bars') this.#bars.set(`${symbol}\n${timeframe}`, value);
    else this.#topics.set(topic, value);
  }

  delete({ symbol = '', timeframe, topic }: Subscription): void {
    if (topic === 'prices') this.#prices.delete(symbol);
    else if (topic === 'bars') this.#bars.delete(`${symbol}\n${timeframe}`);
    else this.#topics.delete(topic);
  }

  clear(): void {
    this.#prices.clear();
    this.#bars.clear();
    this.#topics.clear();
  }

  of(message: DataMessage): T | undefined {
    switch (message.type) {
      case 'tick':
        return this.#prices.get(message.symbol);
      case 'bar':
        return this.#bars.get(`${message.symbol}\n${message.timeframe}`);
      case 'trade':
        return this.#topics.get('trades');
      default:
        return this.#topics.get(message.type);
    }
  }
}
