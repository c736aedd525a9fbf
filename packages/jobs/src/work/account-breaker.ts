// The circuit breaker of one account in this process. In: what the account's requests met, and that one was answered. Out: how long its
// queue is paused, and the error with which a request fails meanwhile without being sent. What all processes share is in Redis
// (away-book.ts), which is asked only while the account is known to be away.
import type { Log } from '@fxtape/ops';
import { accountAwayAs } from '../budget/account-away.ts';
import type { AwayBook } from '../budget/away-book.ts';
import { judgeFailure } from './job-failure.ts';
import type { JobMetrics } from './job-metrics.ts';

/** How long a queue is paused when Redis does not answer and the gateway named no time. */
const WITHOUT_REDIS_MS = 1000;

export class AccountBreaker {
  readonly #account: string;
  readonly #book: AwayBook;
  readonly #metrics: JobMetrics | null;
  readonly #log: Log;
  /** Whether the account is away, as far as this process knows. */
  #away = false;
  /**
   * When the pause of each error ends, monotonic milliseconds. These errors are not counted again: a job fails with the same error as its
   * request, and a request that was refused here was never sent.
   */
  readonly #pauseEndMs = new WeakMap<Error, number>();

  constructor(o: { account: string; book: AwayBook; metrics: JobMetrics | null; log: Log }) {
    this.#account = o.account;
    this.#book = o.book;
    this.#metrics = o.metrics;
    this.#log = o.log;
  }

  /** Set once a second from what all processes share. */
  set away(away: boolean) {
    this.#away = away;
  }

  /** The error that a request meets while the account's requests are paused; null: it may be sent. */
  async open(): Promise<Error | null> {
    if (!this.#away) return null;
    const alone = await this.#book.leftAlone(this.#account).catch(this.#withoutRedis);
    if (alone === null) return null;
    const error = accountAwayAs(this.#account, alone.line);
    this.#pauseEndMs.set(error, performance.now() + alone.ms);
    return error;
  }

  /** A request or a job found the account away; each error counts once. Out: how long to pause its queue. */
  async met(error: Error): Promise<number> {
    const untilMs = this.#pauseEndMs.get(error);
    if (untilMs !== undefined) return Math.max(1, untilMs - performance.now());
    this.#away = true;
    const account = this.#account;
    const { holdMs, line } = judgeFailure(error);
    const seen = await this.#book.met(account, line, holdMs ?? 0).catch(this.#withoutRedis);
    if (seen?.begins)
      this.#log.warn({ account, line }, 'the gateway does not serve the account; its jobs wait');
    const ms = seen?.ms ?? holdMs ?? WITHOUT_REDIS_MS;
    this.#pauseEndMs.set(error, performance.now() + ms);
    return ms;
  }

  /** A request was answered, so the account is not away, whatever was recorded before. */
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

  /** Redis cannot be told or asked now; the next failure or answer reports it again. */
  readonly #withoutRedis = (error: unknown): null => {
    this.#log.debug({ err: error, account: this.#account }, 'away');
    return null;
  };
}
