// Calls a GET route of the gateway. In: a path, a query, the expected form of the answer. Out: the checked answer or an FxSocketError.
// Transient errors are retried with growing, jittered pauses. An error never becomes an empty answer.

import { FxSocketError, type FxSocketErrorCode } from '../errors.ts';
import type { AnswerForm } from './answer.ts';
import { type CallerOptions, callSignals, type HttpRequest, Transport } from './transport.ts';

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** For the whole call including retries, ms; default 30,000. */
  readonly deadlineMs?: number;
  /**
   * Which errors are retried, up to three attempts in all; default `transient`. `transport`: only errors that did not come from the
   * terminal (unreachable, cut off, not JSON, a proxy's error page); its own refusals, such as 429 and 503, are thrown at once. A time-out
   * of the terminal (504) is never retried: it has already worked for as long as it may.
   */
  readonly retry?: 'transient' | 'transport' | 'none';
}

const DEADLINE_MS = 30_000;
const TRIES = 3;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 4000;

const TRANSPORT: ReadonlySet<FxSocketErrorCode> = new Set([
  'FXSOCKET_UNREACHABLE',
  'FXSOCKET_TRUNCATED',
  'FXSOCKET_NOT_JSON',
  'FXSOCKET_GATEWAY_DOWN',
]);

const isTriedAgain = (
  { code, kind, status }: FxSocketError,
  retry: CallOptions['retry'] = 'transient',
): boolean => {
  if (kind === 'terminal' || code === 'FXSOCKET_DEADLINE' || status === 504 || retry === 'none') return false;
  return retry === 'transient' || TRANSPORT.has(code);
};

export class Caller {
  readonly #random: () => number;
  readonly #transport: Transport;

  /** `below` is a path prefix of all calls. */
  constructor(options: CallerOptions, below = '') {
    this.#random = options.random ?? Math.random;
    this.#transport = new Transport(options, below);
  }

  /** @throws FxSocketError */
  async get<T>(
    path: string,
    form: AnswerForm<T>,
    query: NonNullable<HttpRequest<T>['query']> = {},
    options: CallOptions = {},
  ): Promise<T> {
    const deadlineMs = options.deadlineMs ?? DEADLINE_MS;
    const signals = callSignals(options.signal, deadlineMs);
    const endMs = performance.now() + deadlineMs;
    let before: FxSocketError | null = null;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#transport.exchange({ method: 'GET', path, query, form }, signals);
      } catch (error) {
        if (!(error instanceof FxSocketError)) throw error;
        if (error.code === 'FXSOCKET_DEADLINE' && before !== null) throw inVain(error, before);
        if (attempt >= TRIES || !isTriedAgain(error, options.retry)) throw error;
        const ownMs = this.#random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt);
        const pauseMs = Math.max(error.retryAfterMs ?? 0, ownMs);
        // Waiting until the deadline would only hide this error.
        if (performance.now() + pauseMs >= endMs) throw error;
        before = error;
        // When the signal ends the pause, the next exchange throws the matching error.
        await pause(pauseMs, signals.any);
      }
    }
  }

  /** As `Transport.close`. */
  close(): Promise<void> {
    return this.#transport.close();
  }
}

/** A deadline error that also reports the failure before it. */
const inVain = (deadline: FxSocketError, before: FxSocketError): FxSocketError =>
  new FxSocketError({
    code: deadline.code,
    message: `${deadline.message}; the attempt before: ${before.message}`,
    context: { ...before.context, before: before.code },
    cause: before,
    ...(before.status === undefined ? {} : { status: before.status }),
    ...(before.retryAfterMs === undefined ? {} : { retryAfterMs: before.retryAfterMs }),
  });

/** Ends at once when the signal does. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
