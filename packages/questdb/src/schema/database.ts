// Keeps the tables of a database as this release defines them, and notices when another database answers. In: a connection. Out: its
// identity, and an abort signal when that changes. A database may be emptied, replaced, or started from another folder while services run:
// its tables are then created again, and whoever relied on the old rows starts over.
import { type Clock, FxtapeError, type Log, pause } from '@fxtape/ops';
import { databaseIdentity, migrate } from './migrate.ts';
import type { QuestDbHttp } from '../wire/quest-db-http.ts';

const RETRY_MS = 1000;
const CHECK_EVERY_MS = 5000;
/** Each account notices by itself; all of them together make one epoch. */
const RESTORED_MS = 60_000;

export interface DatabaseOptions {
  readonly http: Pick<QuestDbHttp, 'exec' | 'close'>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface DatabaseTrouble {
  readonly code: string;
  readonly message: string;
}

export class Database {
  /** Why its tables are not there; null when they are. */
  trouble: DatabaseTrouble | null = { code: 'QDB_UNREACHABLE', message: 'it has not been asked yet' };
  readonly #o: DatabaseOptions;
  readonly #waiting = new Set<(identity: string) => void>();
  #identity: string | null = null;
  #epoch = new AbortController();
  #restoredMs = Number.NEGATIVE_INFINITY;

  constructor(options: DatabaseOptions) {
    this.#o = options;
  }

  /** Aborted when another database answers than before: work in hand was made for the old one. */
  get epoch(): AbortSignal {
    return this.#epoch.signal;
  }

  /** Rows are gone that it had, so it was set back to an older copy. Begins a new epoch, once a minute at most. */
  restored(): void {
    const nowMs = this.#o.clock.monoMs();
    if (nowMs - this.#restoredMs < RESTORED_MS) return;
    this.#restoredMs = nowMs;
    this.#begin('the database was set back to an older copy');
  }

  #begin(why: string): void {
    const ended = this.#epoch;
    this.#epoch = new AbortController();
    ended.abort(new Error(why));
  }

  /** Creates the tables, then checks every five seconds that it is still the same database. Resolves when the signal is aborted. */
  async watch(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#o;
    while (!signal.aborted) {
      try {
        await this.#check(signal);
      } catch (error) {
        if (signal.aborted) return;
        // After the start, the writers report a database that does not answer.
        if (this.#identity === null) log.warn({ err: error }, 'QuestDB is not ready; trying again');
        else log.debug({ err: error }, 'cannot check the database');
        if (this.#identity === null || !isAway(error)) this.trouble = troubleOf(error);
      }
      await pause(clock, this.trouble === null ? CHECK_EVERY_MS : RETRY_MS, signal);
    }
  }

  /** Its identity, as soon as its tables exist. Rejects with the signal's reason. */
  ready(signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    if (this.trouble === null && this.#identity !== null) return Promise.resolve(this.#identity);
    return new Promise((resolve, reject) => {
      const aborted = (): void => {
        this.#waiting.delete(done);
        reject(signal.reason as Error);
      };
      const done = (identity: string): void => {
        signal.removeEventListener('abort', aborted);
        resolve(identity);
      };
      this.#waiting.add(done);
      signal.addEventListener('abort', aborted, { once: true });
    });
  }

  async #check(signal: AbortSignal): Promise<void> {
    const { clock, http, log } = this.#o;
    let identity = await databaseIdentity(http, signal);
    if (identity === null || identity !== this.#identity || this.trouble !== null) {
      const { applied } = await migrate({ client: http, log, clock, signal });
      if (applied.length > 0) log.info({ migrations: applied.length }, 'tables are up to date');
      identity = await databaseIdentity(http, signal);
      if (identity === null) throw new Error('the tables disappeared while they were created');
    }
    const before = this.#identity;
    this.#identity = identity;
    this.trouble = null;
    if (before !== null && before !== identity) {
      log.warn(
        { code: 'DATABASE_REPLACED', before, identity },
        'another database answers than before; work in hand is dropped',
      );
      // QuestDB 9.3.4 answers 204 to the first rows of a connection that knew a dropped table of this name, and loses them.
      http.close();
      this.#begin('the database was replaced');
    }
    for (const done of this.#waiting) done(identity);
    this.#waiting.clear();
  }
}

const isAway = (error: unknown): boolean =>
  error instanceof FxtapeError && error.kind === 'transient' && error.code !== 'CLOCK_APPLY_UNDER_WAY';

const troubleOf = (error: unknown): DatabaseTrouble =>
  error instanceof FxtapeError ? error : { code: 'INTERNAL', message: String(error) };
