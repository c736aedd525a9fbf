// The queues, and the names of all keys in Redis. There is one queue per account (`fxtape-<account>`), because BullMQ's limits apply to a
// queue, and one for the scheduler. Redis holds the set of known accounts: planners add to it and workers read it, so workers need no list.
// BullMQ's keys are `<prefix>:<queue>:…`, those of this package `<prefix>:own:…`.
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';

export const DEFAULT_PREFIX = 'fxtape';
/** The scheduler's queue; cannot be an account's, whose names all start with `fxtape-`. */
export const PLANNER_QUEUE = 'planner';

/** Null: the scheduler's. */
export const queueName = (account: string | null): string =>
  account === null ? PLANNER_QUEUE : `fxtape-${account}`;

export class QueueSet {
  readonly redis: Redis;
  readonly prefix: string;
  readonly #queues = new Map<string, Queue>();
  readonly #onError: (error: Error) => void;

  constructor(redis: Redis, o: { prefix?: string | undefined; onError: (error: Error) => void }) {
    this.redis = redis;
    this.prefix = o.prefix ?? DEFAULT_PREFIX;
    this.#onError = o.onError;
  }

  /** The BullMQ queue of an account. */
  queue(account: string | null): Queue {
    const name = queueName(account);
    let queue = this.#queues.get(name);
    if (queue === undefined) {
      queue = new Queue(name, { connection: this.redis, prefix: this.prefix });
      queue.on('error', this.#onError);
      this.#queues.set(name, queue);
    }
    return queue;
  }

  /** A key of BullMQ. */
  key(account: string | null, part: string): string {
    return `${this.prefix}:${queueName(account)}:${part}`;
  }

  /** A key of this package. */
  own(...parts: string[]): string {
    return [this.prefix, 'own', ...parts].join(':');
  }

  async accounts(): Promise<string[]> {
    return (await this.redis.smembers(this.own('accounts'))).toSorted();
  }

  /** Closes the queues, not the connection. */
  async close(): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => queue.close()));
    this.#queues.clear();
  }
}

/** The answers of a pipeline. @throws the first error among them. */
export function pipelineAnswers(results: [Error | null, unknown][] | null): unknown[] {
  return (results ?? []).map(([error, value]) => {
    if (error !== null) throw error;
    return value;
  });
}
