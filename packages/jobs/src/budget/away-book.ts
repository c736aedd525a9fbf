// Accounts whose gateway does not serve them at the moment, shared by all processes: a circuit breaker per account. In: what requests met,
// and that one was answered. Out: how long the account is held, a little longer each time, and since when it is away. Afterwards only when
// and why it was away is kept.
//
//   answers ──met──► away: held 0.25 s ──met──► held 0.5 s … 15 s        failures during a hold were sent before it, and count once
//      ▲               │
//      └───answered────┘  by any request of any process
//
// Against a gateway that fails now and then, running jobs keep sending requests. From the third hold in a row, or if the gateway said how
// long to wait, no request is sent at all, and when the hold is over, one at a time.
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
  /** One request at a time checks whether the gateway is back. */
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
 * KEYS: hash. ARGV: line, least hold, first, longest, jitter, from which hold on requests are paused. Out: how long it is held, and 1 if
 * this is the beginning.
 */
const MET = `${NOW}
local f = redis.call('HMGET', KEYS[1], 'sinceMs', 'untilMs', 'times', 'endedMs', 'alone')
local begins = (not f[1] or f[4]) and 1 or 0
local since = begins == 1 and now or f[1]
local untilMs = begins == 1 and 0 or tonumber(f[2])
local times = begins == 1 and 0 or tonumber(f[3])
-- What is met while it is left alone says nothing new.
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

/** KEYS: hash. ARGV: how long it is kept. Out: how long it lasted, when this ends it; else -1. */
const ANSWERED = `
local f = redis.call('HMGET', KEYS[1], 'sinceMs', 'endedMs')
if not f[1] or f[2] then return -1 end
${NOW}
redis.call('HSET', KEYS[1], 'endedMs', now)
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return now - f[1]
`;

/** KEYS: hash. Out: what the last request met and for how long requests are paused, while they are; else false. */
const LEFT_ALONE = `${NOW}
local f = redis.call('HMGET', KEYS[1], 'untilMs', 'alone', 'endedMs', 'line')
if f[2] ~= '1' or f[3] or now >= tonumber(f[1]) then return false end
return {f[4], f[1] - now}
`;

export class AwayBook {
  readonly #set: QueueSet;
  readonly #random: () => number;

  constructor(set: QueueSet, random: () => number = Math.random) {
    this.#set = set;
    this.#random = random;
  }

  /** A request of the account met its gateway's absence; it is to be left alone for `ms`, at least `leastMs`. */
  async met(account: string, line: string, leastMs: number): Promise<{ ms: number; begins: boolean }> {
    const jitter = 0.75 + this.#random() / 2;
    const args = [line, Math.ceil(leastMs), FIRST_MS, LONGEST_MS, jitter, ALONE_FROM];
    const answer = (await this.#set.redis.eval(MET, 1, this.#key(account), ...args)) as [number, number];
    return { ms: Math.max(1, Number(answer[0])), begins: Number(answer[1]) === 1 };
  }

  /** A request of the account was answered. Out: how long it was away, when this is the end of it; else null. */
  async answered(account: string): Promise<number | null> {
    const ms = Number(await this.#set.redis.eval(ANSWERED, 1, this.#key(account), KEPT_MS));
    return ms < 0 ? null : ms;
  }

  /** What the account's requests meet while none may be sent, and for how long; else null. */
  async leftAlone(account: string): Promise<{ line: string; ms: number } | null> {
    const answer = (await this.#set.redis.eval(LEFT_ALONE, 1, this.#key(account))) as [string, number] | null;
    return answer === null ? null : { line: answer[0], ms: Number(answer[1]) };
  }

  /** The newest time away of each account; accounts that were not for a week are left out. */
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
