// The requests of one run of a job. In: work that asks the gateway. Out: its result, after waiting for one of the account's permits; the
// time and the kind of the answer go to the account's budget. While the job only waits for permits, its deadline stands still. While the
// account's requests are paused, a request fails as the last one did and is not sent.
// A permit is given back when the answer has arrived, or when the run is over and nobody waits for what it left behind.
import { isAccountAway } from '../budget/account-away.ts';
import type { AccountBreaker } from './account-breaker.ts';
import type { Answer } from '../budget/answer-tally.ts';
import type { DeadlineClock } from './deadline-clock.ts';
import type { GatePermits, GiveBack } from '../budget/gate-permits.ts';

export interface JobRequestsOptions {
  /** Null: nothing to wait for (the scheduler's queue). */
  readonly permits: Pick<GatePermits, 'take'> | null;
  readonly breaker: Pick<AccountBreaker, 'open' | 'met'> | null;
  readonly answered: (answer: Answer) => void;
  readonly signal: AbortSignal;
  readonly deadline: Pick<DeadlineClock, 'go' | 'stand'>;
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
      // Given up from outside: the gateway did not answer, and nobody knows what it would have said.
      if (!signal.aborted || result !== 'error') tell(result);
      // Before the permit is given back: its next holder must not send the same request.
      if (isAccountAway(error)) await breaker?.met(error);
      throw error;
    } finally {
      this.#held.delete(giveBack);
      giveBack();
      this.#tend();
    }
  };

  /** The run is over: permits of requests that were left behind are given back. */
  end(): void {
    for (const giveBack of this.#held) giveBack();
    this.#held.clear();
  }

  async #permit(): Promise<GiveBack> {
    const { breaker, permits, signal } = this.#o;
    signal.throwIfAborted();
    if (permits === null) return () => undefined;
    this.#waiting += 1;
    this.#tend();
    try {
      const giveBack = await permits.take(signal);
      const away = (await breaker?.open()) ?? null;
      if (away !== null) {
        giveBack();
        throw away;
      }
      this.#held.add(giveBack);
      return giveBack;
    } finally {
      this.#waiting -= 1;
      this.#tend();
    }
  }

  #tend(): void {
    if (this.#waiting > 0 && this.#held.size === 0) this.#o.deadline.stand();
    else this.#o.deadline.go();
  }
}

/** What an error says about the gateway. `error`: it answered, which does not say that it is overloaded. */
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
