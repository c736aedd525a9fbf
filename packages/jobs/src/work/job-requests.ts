// The gateway requests of one run of a job. In: work that makes a request. Out: its result, after waiting for one of the account's permits;
// kind and duration of the answer go to the account's budget. The job's deadline is paused while it only waits for permits. While the
// circuit breaker is open, a request fails with the recorded error and is not sent. A permit is given back when the answer arrives, or
// when the run has ended without waiting for it.
import { isAccountAway } from '../budget/account-away.ts';
import type { AccountBreaker } from './account-breaker.ts';
import type { Answer } from '../budget/answer-tally.ts';
import type { DeadlineClock } from './deadline-clock.ts';
import type { LocalPermits, GiveBack } from '../budget/local-permits.ts';

export interface JobRequestsOptions {
  /** Null: no permits are needed (the scheduler's queue). */
  readonly permits: Pick<LocalPermits, 'take'> | null;
  readonly breaker: Pick<AccountBreaker, 'check' | 'failed'> | null;
  readonly answered: (answer: Answer) => void;
  readonly signal: AbortSignal;
  readonly deadline: Pick<DeadlineClock, 'resume' | 'pause'>;
}

export class JobRequests {
  readonly #o: JobRequestsOptions;
  readonly #held = new Set<GiveBack>();
  #waiting = 0;

  constructor(o: JobRequestsOptions) {
    this.#o = o;
  }

  readonly request = async <T>(kind: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    const { answered, breaker, signal } = this.#o;
    const giveBack = await this.#permit();
    const startedMs = performance.now();
    const tell = (result: Answer['result']) => answered({ kind, ms: performance.now() - startedMs, result });
    try {
      const value = await work(signal);
      tell('ok');
      return value;
    } catch (error) {
      const result = answerOf(error);
      // The run was aborted: the gateway did not answer.
      if (!signal.aborted || result !== 'error') tell(result);
      // Before the permit is given back: its next holder must see that the account is away.
      if (isAccountAway(error)) await breaker?.failed(error);
      throw error;
    } finally {
      this.#held.delete(giveBack);
      giveBack();
      this.#setDeadline();
    }
  };

  /** The run is over: gives back the permits of requests that were abandoned. */
  end(): void {
    for (const giveBack of this.#held) giveBack();
    this.#held.clear();
  }

  async #permit(): Promise<GiveBack> {
    const { breaker, permits, signal } = this.#o;
    signal.throwIfAborted();
    if (permits === null) return () => undefined;
    this.#waiting += 1;
    this.#setDeadline();
    try {
      const giveBack = await permits.take(signal);
      const away = (await breaker?.check()) ?? null;
      if (away !== null) {
        giveBack();
        throw away;
      }
      this.#held.add(giveBack);
      return giveBack;
    } finally {
      this.#waiting -= 1;
      this.#setDeadline();
    }
  }

  #setDeadline(): void {
    if (this.#waiting > 0 && this.#held.size === 0) this.#o.deadline.pause();
    else this.#o.deadline.resume();
  }
}

/** What an error says about the gateway's load. `error`: nothing. */
function answerOf(error: unknown): Exclude<Answer['result'], 'ok'> {
  const { code, cause } = (typeof error === 'object' && error !== null ? error : {}) as {
    code?: unknown;
    cause?: unknown;
  };
  if (isAccountAway(error)) return answerOf(cause) === 'busy' ? 'busy' : 'away';
  if (code === 'FXSOCKET_TERMINAL_TIMEOUT' || code === 'FXSOCKET_DEADLINE') return 'timeout';
  if (code === 'FXSOCKET_RATE_LIMITED' || code === 'FXSOCKET_NOT_READY') return 'busy';
  return 'error';
}
