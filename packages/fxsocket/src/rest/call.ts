// One GET of the gateway. In: a path, a query, the form of the answer. Out: the checked answer, or an FxSocketError that says what happened and
// whether trying again can help; transient ones are tried again with growing, jittered pauses. Never an empty answer for an error.

import { FxSocketError, type FxSocketErrorCode } from '../errors.ts';
import type { AnswerForm } from './answer.ts';
import { type CallerOptions, callSignals, type HttpRequest, Transport } from './transport.ts';

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** For the whole call, retries included; default 30 s. */
  readonly deadlineMs?: number;
  /**
   * What is tried again here, up to three times in all; default `transient`. `transport`: only what never was an answer of the terminal
   * (unreachable, cut off, no JSON, a proxy's error page); its own words, such as a time-out, 429 and 503, are the caller's to judge.
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

const isTriedAgain = ({ code, kind }: FxSocketError, retry: CallOptions['retry'] = 'transient'): boolean => {
  if (kind === 'terminal' || code === 'FXSOCKET_DEADLINE' || retry === 'none') return false;
  return retry === 'transient' || TRANSPORT.has(code);
};

export class Caller {
  readonly #random: () => number;
  readonly #transport: Transport;

  constructor(options: CallerOptions) {
    this.#random = options.random ?? Math.random;
    this.#transport = new Transport(options);
  }

  /** @throws FxSocketError. */
  async get<T>(
    path: string,
    form: AnswerForm<T>,
    query: NonNullable<HttpRequest<T>['query']> = {},
    options: CallOptions = {},
  ): Promise<T> {
    const signals = callSignals(options.signal, options.deadlineMs ?? DEADLINE_MS);
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#transport.exchange({ method: 'GET', path, query, form }, signals);
      } catch (error) {
        if (!(error instanceof FxSocketError)) throw error;
        if (attempt >= TRIES || !isTriedAgain(error, options.retry)) throw error;
        const ownMs = this.#random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt);
        // A pause that was cut short ends in the exchange, which says which signal it was.
        await pause(Math.max(error.retryAfterMs ?? 0, ownMs), signals.any);
      }
    }
  }

  /** Ends idle connections. */
  close(): Promise<void> {
    return this.#transport.close();
  }
}

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
