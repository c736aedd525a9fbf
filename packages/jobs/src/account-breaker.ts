// The circuit breaker of one account in this process. In: what its requests met, and that one was answered. Out: for how long its queue is
// left alone, and, to a request that wants to be made meanwhile, the error it would meet. What all processes know stands in Redis
// (away-book.ts), which is asked only while the account is known to be away.
import type { Log } from '@fxtape/ops';
import { accountAwayAs } from './account-away.ts';
import type { AwayBook } from './away-book.ts';
import { judgeFailure } from './job-failure.ts';
import type { JobMetrics } from './job-metrics.ts';

export class AccountBreaker {
  readonly #account: string;
  readonly #book: AwayBook;
  readonly #metrics: JobMetrics | null;
  readonly #log: Log;
  /** As far as this process knows. */
  #away = false;

  constructor(o: { account: string; book: AwayBook; metrics: JobMetrics | null; log: Log }) {
    this.#account = o.account;
    this.#book = o.book;
    this.#metrics = o.metrics;
    this.#log = o.log;
  }

  /** What all processes know, once a second. */
  set away(away: boolean) {
    this.#away = away;
  }

  /** What a request meets while the account is left alone; null: it may ask. */
  async open(): Promise<Error | null> {
    if (!this.#away) return null;
    const line = await this.#book.leftAlone(this.#account).catch(this.#withoutRedis);
    return line === null ? null : accountAwayAs(this.#account, line);
  }

  /** A request or a job met the account's absence. Out: for how long it is left alone. */
  async met(error: Error): Promise<number> {
    this.#away = true;
    const account = this.#account;
    const { holdMs, line } = judgeFailure(error);
    const seen = await this.#book.met(account, line, holdMs ?? 0).catch(this.#withoutRedis);
    if (seen?.begins)
      this.#log.warn({ account, line }, 'the gateway does not serve the account; its jobs wait');
    return seen?.ms ?? 0;
  }

  /** A request was answered: the account is not away, whatever was told before. */
  answered(): void {
    this.#away = false;
    const account = this.#account;
    void this.#book
      .answered(account)
      .catch(this.#withoutRedis)
      .then((ms) => {
        if (ms === null) return;
        this.#metrics?.back(account, ms);
        this.#log.info({ account, seconds: Math.round(ms / 1000) }, 'the gateway serves the account again');
      });
  }

  /** There is nobody to be told, or to ask; what is met next says it again. */
  readonly #withoutRedis = (error: unknown): null => {
    this.#log.debug({ err: error, account: this.#account }, 'away');
    return null;
  };
}
