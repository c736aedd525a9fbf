// A lock by name across all processes, for work that compares with a table and then writes the rows it lacks. In: a name. Out: the work, run
// while nobody else holds the name. The lease of a dead process expires; a process that only paused too long learns from an aborted
// signal that it lost the lease.
//
// Redis: own:alone:<name>  string  token of the holder; expires
import { setTimeout as delay } from 'node:timers/promises';
import { abortable, FxtapeError } from '@fxtape/ops';
import type { QueueSet } from '../catalogue/queue-set.ts';
import { queueError } from '../catalogue/redis-connection.ts';
import { Turns } from './turns.ts';

/** KEYS: lease. ARGV: token, time to live. Out: 1 while it is ours. If Redis was emptied, it is taken again. */
const RENEW = `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
`;
const GIVE = `if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end`;
const ASK_EVERY_MS = 50;

export class NameLeases {
  readonly #set: QueueSet;
  readonly #member: string;
  readonly #ttlMs: number;
  readonly #random: () => number;
  /** Within a process, callers queue here instead of polling Redis. */
  readonly #turns = new Turns();
  #count = 0;

  /** `ttlMs`: a process that has not renewed its leases for this long loses them. */
  constructor(set: QueueSet, o: { member: string; ttlMs: number; random: () => number }) {
    this.#set = set;
    this.#member = o.member;
    this.#ttlMs = o.ttlMs;
    this.#random = o.random;
  }

  /**
   * Waits for the name, then runs `work`. Its signal is aborted with `signal`, and when the lease could not be renewed in time.
   * @throws what `work` throws; the signal's reason while it waits; QUEUE_REFUSED when Redis refuses; JOB_NOT_OURS when the lease was lost.
   */
  hold<T>(name: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#turns.hold(name, signal, () => this.#leased(name, signal, work));
  }

  async #leased<T>(name: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const key = this.#set.own('alone', name);
    this.#count += 1;
    const token = `${this.#member}:${this.#count}`;
    const lost = new AbortController();
    let heardMs = await this.#take(key, token, signal);
    const renewing = setInterval(() => {
      const askedMs = performance.now();
      if (askedMs - heardMs > this.#ttlMs * 0.7) return lost.abort(leaseLost(name));
      this.#set.redis.eval(RENEW, 1, key, token, this.#ttlMs).then(
        (ours) => {
          if (ours === 1) heardMs = askedMs;
          else lost.abort(leaseLost(name));
        },
        // The renewal failed; the next one may succeed before the lease expires.
        () => undefined,
      );
    }, this.#ttlMs / 4);
    const either = AbortSignal.any([signal, lost.signal]);
    try {
      return await work(either);
    } finally {
      clearInterval(renewing);
      // The last rows of aborted work may still arrive, so its lease is left to expire. It also expires if Redis does not get this message.
      if (!either.aborted) this.#set.redis.eval(GIVE, 1, key, token).catch(() => undefined);
    }
  }

  /** Returns when the request that obtained the lease was sent. */
  async #take(key: string, token: string, signal: AbortSignal): Promise<number> {
    for (;;) {
      signal.throwIfAborted();
      const askedMs = performance.now();
      const asked = this.#set.redis.set(key, token, 'PX', this.#ttlMs, 'NX');
      try {
        if ((await abortable(asked, signal)) === 'OK') return askedMs;
      } catch (error) {
        if (!signal.aborted) throw queueError(error);
        // The wait was aborted before the answer arrived; if the answer grants the lease, release it.
        asked.then(() => this.#set.redis.eval(GIVE, 1, key, token)).catch(() => undefined);
        throw error;
      }
      const paused = delay(ASK_EVERY_MS * (0.5 + this.#random()), undefined, { signal });
      await paused.catch(() => signal.throwIfAborted());
    }
  }
}

const leaseLost = (name: string): FxtapeError =>
  new FxtapeError({
    code: 'JOB_NOT_OURS',
    message: `another process may be working on ${name} by now`,
  });
