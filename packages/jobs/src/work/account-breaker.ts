// The circuit breaker of one account in this process. In: requests that found the gateway away, and requests that were answered. Out: how
// long to hold the account's queue, and the error with which requests fail during the hold without being sent. The state that all
// processes share is in Redis (away-store.ts), which is read only while the account is known to be away.
import type { Log } from '@fxtape/ops';
import { accountAwayAs } from '../budget/account-away.ts';
import type { AwayStore } from '../budget/away-store.ts';
import { judgeFailure } from './job-failure.ts';
import type { JobMetrics } from './job-metrics.ts';

/** How long to hold the queue when Redis does not answer and the gateway named no time. */
const WITHOUT_REDIS_MS = 1000;

export class AccountBreaker {
  readonly #account: string;
  readonly #store: AwayStore;
  readonly #metrics: JobMetrics | null;
  readonly #log: Log;
  /** Whether the account is away, as far as this process knows. */
  #away = false;
  /**
   * When the hold for each error ends, monotonic milliseconds. These errors are not counted again: a job fails with the same error as its
   * request, and a request that was refused here was never sent.
   */
  readonly #holdEndMs = new WeakMap<Error, number>();

  constructor(o: { account: string; store: AwayStore; metrics: JobMetrics | null; log: Log }) {
    this.#account = o.account;
    this.#store = o.store;
    this.#metrics = o.metrics;
    this.#log = o.log;
  }

  /** Set once a second from the shared state. */
  set away(away: boolean) {
    this.#away = away;
  }

  /** The error with which a request fails during the hold; null: it may be sent. */
  async check(): Promise<Error | null> {
    if (!this.#away) return null;
    const paused = await this.#store.paused(this.#account).catch(this.#withoutRedis);
    if (paused === null) return null;
    const error = accountAwayAs(this.#account, paused.line);
    this.#holdEndMs.set(error, performance.now() + paused.ms);
    return error;
  }

  /** A request or a job found the account away. Each error counts once. Out: how long to hold the queue. */
  async failed(error: Error): Promise<number> {
    const untilMs = this.#holdEndMs.get(error);
    if (untilMs !== undefined) return Math.max(1, Math.ceil(untilMs - performance.now()));
    this.#away = true;
    const account = this.#account;
    const { holdMs, line } = judgeFailure(error);
    const seen = await this.#store.failed(account, line, holdMs ?? 0).catch(this.#withoutRedis);
    if (seen?.begins)
      this.#log.warn(
        { account, line },
        'the gateway does not serve the account; its jobs wait until it does',
      );
    const ms = seen?.ms ?? holdMs ?? WITHOUT_REDIS_MS;
    this.#holdEndMs.set(error, performance.now() + ms);
    return ms;
  }

  /** A request was answered: the account is not away. */
  answered(): void {
    this.#away = false;
    const account = this.#account;
    void this.#store
      .answered(account)
      .catch(this.#withoutRedis)
      .then((ms) => {
        if (ms === null) return;
        this.#metrics?.back(account, ms);
        this.#log.info({ account, seconds: Math.round(ms / 1000) }, 'the gateway serves the account again');
      });
  }

  /** Redis does not answer. The next failure or answer is recorded again. */
  readonly #withoutRedis = (error: unknown): null => {
    this.#log.debug(
      { err: error, account: this.#account },
      'cannot reach the shared state of the circuit breaker',
    );
    return null;
  };
}
