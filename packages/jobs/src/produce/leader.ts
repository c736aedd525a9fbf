// Leader election among equal processes: one of them plans, the others stand by. In: a name and a time to live. Out: whether this process
// is the leader. It saves work and is not a safeguard: a process may sleep past the end of its lease, so two that believe to be the leader
// must do no harm.
//
// Redis: own:lead:<name>  string  the leader, expires unless renewed
import { randomUUID } from 'node:crypto';
import type { QueueSet } from '../catalogue/queue-set.ts';

/** KEYS: lease. ARGV: candidate, time to live. */
const ACQUIRE = `
local leader = redis.call('GET', KEYS[1])
if leader and leader ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
`;
const RESIGN = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`;

export class LeaderElection {
  readonly #set: QueueSet;
  readonly #candidate = randomUUID();
  readonly #names = new Set<string>();

  constructor(set: QueueSet) {
    this.#set = set;
  }

  /** Becomes or stays the leader for the next `ttlMs`. False: another process is the leader. */
  async lead(name: string, ttlMs: number): Promise<boolean> {
    this.#names.add(name);
    return (await this.#set.redis.eval(ACQUIRE, 1, this.#key(name), this.#candidate, ttlMs)) === 1;
  }

  /** Gives up every leadership, so that another process can take over at once. */
  async resign(): Promise<void> {
    const names = [...this.#names];
    this.#names.clear();
    await Promise.all(names.map((name) => this.#set.redis.eval(RESIGN, 1, this.#key(name), this.#candidate)));
  }

  #key(name: string): string {
    return this.#set.own('lead', name);
  }
}
