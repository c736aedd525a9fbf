// Which of several equal processes does what only one should do: plan, clean up. In: a name, and for how long. Out: yes or no. It saves
// work but is not a safeguard: two processes that both believe they lead must do no harm, because a process may sleep through the end of
// its lease.
//
// Redis: own:lead:<name>  string  the holder, expires unless renewed
import { randomUUID } from 'node:crypto';
import type { QueueSet } from '../catalogue/queue-set.ts';

/** KEYS: lead. ARGV: holder, time to live. */
const LEAD = `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
`;
const LEAVE = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`;

export class Leads {
  readonly #set: QueueSet;
  readonly #holder = randomUUID();
  readonly #names = new Set<string>();

  constructor(set: QueueSet) {
    this.#set = set;
  }

  /** True: this one leads for the next `ttlMs`, for the first time or again. */
  async lead(name: string, ttlMs: number): Promise<boolean> {
    this.#names.add(name);
    return (await this.#set.redis.eval(LEAD, 1, this.#key(name), this.#holder, ttlMs)) === 1;
  }

  /** Lets go of everything, so that another one leads at once. */
  async leave(): Promise<void> {
    const names = [...this.#names];
    this.#names.clear();
    await Promise.all(names.map((name) => this.#set.redis.eval(LEAVE, 1, this.#key(name), this.#holder)));
  }

  #key(name: string): string {
    return this.#set.own('lead', name);
  }
}
