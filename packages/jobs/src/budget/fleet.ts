// Which processes serve which account. In: the accounts that this process serves, every second. Out: the processes that reported in the
// last few seconds, this one included. Times are those of Redis, because the clocks of machines differ. A dead process drops off the list
// after a few seconds; one that exits leaves at once.
import type { Redis } from 'ioredis';
import { pipelineAnswers, type QueueSet } from '../catalogue/queue-set.ts';

export class Fleet {
  readonly #set: QueueSet;
  readonly #member: string;
  readonly #deadAfterMs: number;
  #served: readonly string[] = [];

  constructor(set: QueueSet, o: { member: string; deadAfterMs: number }) {
    this.#set = set;
    this.#member = o.member;
    this.#deadAfterMs = o.deadAfterMs;
  }

  /** Reports that this process serves `accounts`, and returns the members of each. */
  async beat(accounts: readonly string[]): Promise<Map<string, string[]>> {
    const nowMs = await redisNowMs(this.#set.redis);
    const pipeline = this.#set.redis.pipeline();
    for (const account of this.#served) {
      if (!accounts.includes(account)) pipeline.zrem(this.#key(account), this.#member);
    }
    const left = pipeline.length;
    for (const account of accounts) {
      pipeline.zadd(this.#key(account), nowMs, this.#member);
      pipeline.zremrangebyscore(this.#key(account), '-inf', nowMs - this.#deadAfterMs);
      pipeline.zrange(this.#key(account), '0', '-1');
    }
    this.#served = accounts;
    if (pipeline.length === 0) return new Map();
    const answers = pipelineAnswers(await pipeline.exec()).slice(left);
    return new Map(accounts.map((account, i) => [account, answers[i * 3 + 2] as string[]]));
  }

  /** Leaves all accounts. */
  async leave(): Promise<void> {
    await this.beat([]);
  }

  #key(account: string): string {
    return this.#set.own('fleet', account);
  }
}

/** Wall clock of Redis, milliseconds. */
export async function redisNowMs(redis: Redis): Promise<number> {
  const [seconds, micros] = await redis.time();
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
}
