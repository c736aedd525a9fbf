// The shared state of the circuit breakers, one per account, in Redis. In: requests that found the gateway away, and requests that were
// answered. Out: how long to hold the account's queue, doubling with each hold, and since when the account is away. After recovery the
// time and the reason are kept for a week.
//
//   serving ──failed──► away: held 0.25 s ──failed──► held 0.5 s … 15 s      failures during a hold were sent before it and count once
//      ▲                 │
//      └───answered──────┘  by any request of any process
//
// During the first two holds, running jobs keep sending requests, because a gateway may fail only now and then. From the third hold in a
// row, or when the gateway said how long to wait, no request is sent during the hold (`alone`); after it, one at a time probes the gateway.
//
// Redis: own:away:<account>  hash  sinceMs, line, times, untilMs, alone, and at its end endedMs; expires a week later
import { pipelineAnswers, type QueueSet } from '../catalogue/queue-set.ts';

export interface Away {
  /** Wall clock of Redis. */
  readonly sinceMs: number;
  /** Null: it is away now. */
  readonly endedMs: number | null;
  /** `CODE: what happened`, the last time. */
  readonly line: string;
  /** No request is sent during the hold; after it, one at a time probes the gateway. */
  readonly alone: boolean;
}

const FIRST_MS = 250;
const LONGEST_MS = 15_000;
const ALONE_FROM = 3;
const KEPT_MS = 7 * 86_400_000;

const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/**
 * KEYS: hash. ARGV: line, shortest hold, first hold, longest hold, jitter, the hold from which requests stop. Out: how long to hold, and 1
 * if the account was serving until now.
 */
const FAILED = `${NOW}
local f = redis.call('HMGET', KEYS[1], 'sinceMs', 'untilMs', 'times', 'endedMs', 'alone')
local begins = (not f[1] or f[4]) and 1 or 0
local since = begins == 1 and now or f[1]
local untilMs = begins == 1 and 0 or tonumber(f[2])
local times = begins == 1 and 0 or tonumber(f[3])
-- Failures while no request may be sent are not new information.
local alone = begins == 0 and f[5] == '1' and now < untilMs
if now >= untilMs then
  times = times + 1
  untilMs = now + math.floor(math.min(ARGV[4], ARGV[3] * 2 ^ math.min(times - 1, 30)) * ARGV[5])
end
untilMs = math.max(untilMs, now + ARGV[2])
redis.call('HDEL', KEYS[1], 'endedMs')
redis.call('HSET', KEYS[1], 'sinceMs', since, 'untilMs', untilMs, 'times', times, 'line', ARGV[1])
alone = alone or times >= tonumber(ARGV[6]) or tonumber(ARGV[2]) > 0
redis.call('HSET', KEYS[1], 'alone', alone and 1 or 0)
redis.call('PERSIST', KEYS[1])
return {untilMs - now, begins}
`;

/** KEYS: hash. ARGV: how long to keep it. Out: how long the account was away, if this answer ends it; else -1. */
const ANSWERED = `
local f = redis.call('HMGET', KEYS[1], 'sinceMs', 'endedMs')
if not f[1] or f[2] then return -1 end
${NOW}
redis.call('HSET', KEYS[1], 'endedMs', now)
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return now - f[1]
`;

/** KEYS: hash. Out: the last error line and for how long no request may be sent; false if requests may be sent. */
const PAUSED = `${NOW}
local f = redis.call('HMGET', KEYS[1], 'untilMs', 'alone', 'endedMs', 'line')
if f[2] ~= '1' or f[3] or now >= tonumber(f[1]) then return false end
return {f[4], f[1] - now}
`;

export class AwayStore {
  readonly #set: QueueSet;
  readonly #random: () => number;

  constructor(set: QueueSet, random: () => number = Math.random) {
    this.#set = set;
    this.#random = random;
  }

  /** Records a request that found the gateway away. Out: how long to hold the account, at least `leastMs`. */
  async failed(account: string, line: string, leastMs: number): Promise<{ ms: number; begins: boolean }> {
    const jitter = 0.75 + this.#random() / 2;
    const args = [line, Math.ceil(leastMs), FIRST_MS, LONGEST_MS, jitter, ALONE_FROM];
    const answer = (await this.#set.redis.eval(FAILED, 1, this.#key(account), ...args)) as [number, number];
    return { ms: Math.max(1, Number(answer[0])), begins: Number(answer[1]) === 1 };
  }

  /** Records an answer. Out: how long the account was away, if this answer ends it; else null. */
  async answered(account: string): Promise<number | null> {
    const ms = Number(await this.#set.redis.eval(ANSWERED, 1, this.#key(account), KEPT_MS));
    return ms < 0 ? null : ms;
  }

  /** The last error line and for how long no request may be sent; null: requests may be sent. */
  async paused(account: string): Promise<{ line: string; ms: number } | null> {
    const answer = (await this.#set.redis.eval(PAUSED, 1, this.#key(account))) as [string, number] | null;
    return answer === null ? null : { line: answer[0], ms: Number(answer[1]) };
  }

  /** The latest absence of each account. Accounts without one in the last week are left out. */
  async read(accounts: readonly string[]): Promise<Map<string, Away>> {
    if (accounts.length === 0) return new Map();
    const pipeline = this.#set.redis.pipeline();
    for (const account of accounts) pipeline.hmget(this.#key(account), 'sinceMs', 'endedMs', 'line', 'alone');
    const found = new Map<string, Away>();
    for (const [i, answer] of pipelineAnswers(await pipeline.exec()).entries()) {
      const [sinceMs, endedMs, line, alone] = answer as (string | null)[];
      if (sinceMs === null || sinceMs === undefined) continue;
      const ended = endedMs === null || endedMs === undefined ? null : Number(endedMs);
      found.set(accounts[i] as string, {
        sinceMs: Number(sinceMs),
        endedMs: ended,
        line: line ?? '',
        alone: ended === null && alone === '1',
      });
    }
    return found;
  }

  async forget(account: string): Promise<void> {
    await this.#set.redis.del(this.#key(account));
  }

  #key(account: string): string {
    return this.#set.own('away', account);
  }
}
