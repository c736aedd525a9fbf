// Requests to a bucket, retried while the server is away. In: a request. Out: its answer, or our error. A request is tried again with
// growing pauses until it has failed for `retryForMs`. The SDK itself tries only once, so that every attempt is seen here.
import { type Clock, FxtapeError, pauseOrThrow } from '@fxtape/ops';
import { isNameless, isTransient, s3Error, wasNotSent } from './s3-errors.ts';

export interface S3CallOptions {
  readonly address: string;
  readonly clock: Pick<Clock, 'monoMs' | 'setTimeout' | 'clearTimeout'>;
  readonly random: () => number;
  readonly retryForMs: number;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Errors that are a valid answer: thrown as they are, without a retry. */
  readonly answers?: (error: unknown) => boolean;
  /** Called when an attempt failed that the server may have carried out. */
  readonly onUnclear?: () => void;
}

/** Longest time for one attempt. */
const ATTEMPT_MS = 120_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

export class S3Calls {
  readonly #o: S3CallOptions;
  #answered = false;

  constructor(options: S3CallOptions) {
    this.#o = options;
  }

  /** `what` completes "cannot … in s3://…". */
  async call<T>(what: string, attempt: (signal: AbortSignal) => Promise<T>, o: CallOptions = {}): Promise<T> {
    const { address, clock, random, retryForMs } = this.#o;
    const startedMs = clock.monoMs();
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      o.signal?.throwIfAborted();
      try {
        const done = await this.#once(attempt, o.signal);
        this.#answered = true;
        return done;
      } catch (error) {
        o.signal?.throwIfAborted();
        if (error instanceof FxtapeError || o.answers?.(error) === true) throw error;
        const passedMs = clock.monoMs() - startedMs;
        const retries = isTransient(error) && (this.#answered || !isNameless(error));
        if (!retries || passedMs + pauseMs > retryForMs) throw s3Error(what, address, error, passedMs);
        if (!wasNotSent(error)) o.onUnclear?.();
        await pauseOrThrow(clock, pauseMs * (0.5 + random() / 2), o.signal);
      }
    }
  }

  async #once<T>(attempt: (signal: AbortSignal) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const late = new AbortController();
    const timer = this.#o.clock.setTimeout(
      () => late.abort(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' })),
      ATTEMPT_MS,
    );
    try {
      return await attempt(signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]));
    } catch (error) {
      throw late.signal.aborted ? late.signal.reason : error;
    } finally {
      this.#o.clock.clearTimeout(timer);
    }
  }
}
