// The limit on an account's concurrent gateway requests: each request holds a lease in Redis, so that all processes together never exceed
// the budget, even while they disagree about their shares (a process joins, leaves, or comes back from a pause). In: the account and its
// budget. Out: a token, to be given back. A process renews its tokens with every heartbeat; those of a killed process expire. While the
// account is held (`Retry-After`) nobody gets a token, not even a running job for its next page.
//
// Redis: own:permits:<account>  zset  token → when it expires, ms, clock of Redis
import { abortable } from '@fxtape/ops';
import { setTimeout as delay } from 'node:timers/promises';
import { redisNowMs } from './fleet.ts';
import { pipelineAnswers, type QueueSet } from '../catalogue/queue-set.ts';
import { queueError } from '../catalogue/redis-connection.ts';

/**
 * KEYS: permits, BullMQ's limiter. ARGV: token, limit, time to live. Out: 0 taken; −1 all in use; else how much longer the account is
 * held, ms.
 */
const TAKE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local starts = tonumber(redis.call('GET', KEYS[2]) or '0')
if starts and starts >= 1e15 then
  local held = redis.call('PTTL', KEYS[2])
  if held > 0 then return held end
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return -1 end
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
return 0
`;

const TAKEN = 0;
const ALL_IN_USE = -1;
const LONGEST_PAUSE_MS = 1000;

export class PermitLeases {
  readonly #set: QueueSet;
  readonly #member: string;
  readonly #ttlMs: number;
  readonly #random: () => number;
  readonly #held = new Map<string, Set<string>>();
  #count = 0;

  /** `ttlMs`: a process that has not renewed its permits for this long loses them. */
  constructor(set: QueueSet, o: { member: string; ttlMs: number; random: () => number }) {
    this.#set = set;
    this.#member = o.member;
    this.#ttlMs = o.ttlMs;
    this.#random = o.random;
  }

  /**
   * Waits for one of the account's permits; `limit` is read at each try, because budgets change.
   * @throws the signal's reason when it is aborted first; QUEUE_REFUSED when Redis refuses.
   */
  async take(account: string, limit: () => number, signal: AbortSignal): Promise<string> {
    this.#count += 1;
    const token = `${this.#member}:${this.#count}`;
    for (;;) {
      signal.throwIfAborted();
      const waitMs = await this.#ask(account, token, limit(), signal);
      if (waitMs === TAKEN) return token;
      // All in use: another process holds more than its share, for a moment.
      const ms = waitMs === ALL_IN_USE ? 15 : Math.min(waitMs, LONGEST_PAUSE_MS);
      const paused = delay(ms + this.#random() * 20, undefined, { signal });
      await paused.catch(() => signal.throwIfAborted());
    }
  }

  /** Gives a permit back. If Redis does not get the message, the token expires. */
  give(account: string, token: string): void {
    this.#held.get(account)?.delete(token);
    this.#set.redis.zrem(this.#key(account), token).catch(() => undefined);
  }

  /** Extends the leases that this process holds, and restores them after Redis was emptied. */
  async renew(): Promise<void> {
    if ([...this.#held.values()].every((tokens) => tokens.size === 0)) return;
    const untilMs = (await redisNowMs(this.#set.redis)) + this.#ttlMs;
    const pipeline = this.#set.redis.pipeline();
    for (const [account, tokens] of this.#held) {
      for (const token of tokens) pipeline.zadd(this.#key(account), untilMs, token);
    }
    pipelineAnswers(await pipeline.exec());
  }

  async #ask(account: string, token: string, limit: number, signal: AbortSignal): Promise<number> {
    const keys = [this.#key(account), this.#set.key(account, 'limiter')];
    const asked = this.#set.redis.eval(TAKE, keys.length, ...keys, token, limit, this.#ttlMs);
    try {
      const answer = Number(await abortable(asked, signal));
      if (answer === TAKEN) this.#own(account, token);
      return answer;
    } catch (error) {
      // Aborted before the answer came: if it grants the permit, give it back.
      if (signal.aborted) asked.then(() => this.give(account, token)).catch(() => undefined);
      throw signal.aborted ? error : queueError(error);
    }
  }

  #own(account: string, token: string): void {
    const tokens = this.#held.get(account) ?? new Set();
    this.#held.set(account, tokens.add(token));
  }

  #key(account: string): string {
    return this.#set.own('permits', account);
  }
}
