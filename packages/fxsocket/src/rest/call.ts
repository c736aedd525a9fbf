// One GET of the gateway. In: a path, a query, the form of the answer. Out: the checked answer, or an FxSocketError that says what happened and
// whether trying again can help; transient ones are tried again with growing, jittered pauses. Never an empty answer for an error.

import { Agent, type Dispatcher, request } from 'undici';
import { FxSocketError, type FxSocketErrorCode, type FxSocketErrorDetails } from '../errors.ts';
import { explainBody } from '../explain.ts';
import { type Redact, redactor } from '../redact.ts';
import { retryAfterMs } from '../retry-after.ts';
import type { AnswerForm } from './answer.ts';

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

export interface CallerOptions {
  readonly baseUrl: string;
  readonly apiKey: string;
  /** Default true. */
  readonly tlsVerify?: boolean;
  readonly dispatcher?: Dispatcher;
  readonly random?: () => number;
}

const DEADLINE_MS = 30_000;
const TRIES = 3;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 4000;
/** Sockets; how many requests are under way at once is for the caller to say. */
const CONNECTIONS = 16;
const MAX_BODY_BYTES = 256 * 1024 * 1024;

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

const BY_STATUS: Record<number, FxSocketErrorCode> = {
  400: 'FXSOCKET_VALIDATION',
  401: 'FXSOCKET_UNAUTHORIZED',
  402: 'FXSOCKET_PAYMENT_REQUIRED',
  403: 'FXSOCKET_FORBIDDEN',
  404: 'FXSOCKET_NOT_FOUND',
  409: 'FXSOCKET_CONFLICT',
  422: 'FXSOCKET_VALIDATION',
  429: 'FXSOCKET_RATE_LIMITED',
  503: 'FXSOCKET_NOT_READY',
};

const codeOf = (status: number, envelope: boolean): FxSocketErrorCode => {
  const known = BY_STATUS[status];
  if (known !== undefined) return known;
  if (status >= 300 && status < 400) return 'FXSOCKET_REDIRECT';
  if (status === 504) return envelope ? 'FXSOCKET_TERMINAL_TIMEOUT' : 'FXSOCKET_GATEWAY_DOWN';
  if (status >= 500) return envelope ? 'FXSOCKET_TERMINAL_FAILED' : 'FXSOCKET_GATEWAY_DOWN';
  return 'FXSOCKET_HTTP';
};

export class Caller {
  readonly #o: CallerOptions;
  readonly #dispatcher: Dispatcher;
  readonly #redact: Redact;

  constructor(options: CallerOptions) {
    this.#o = options;
    this.#redact = redactor(options.apiKey);
    this.#dispatcher =
      options.dispatcher ??
      new Agent({
        keepAliveTimeout: 30_000,
        connections: CONNECTIONS,
        allowH2: false,
        connect: { rejectUnauthorized: options.tlsVerify !== false, timeout: 10_000 },
      });
  }

  /** @throws FxSocketError. */
  async get<T>(
    path: string,
    form: AnswerForm<T>,
    query: Record<string, string | undefined> = {},
    options: CallOptions = {},
  ): Promise<T> {
    const deadline = AbortSignal.timeout(options.deadlineMs ?? DEADLINE_MS);
    const signal = options.signal === undefined ? deadline : AbortSignal.any([options.signal, deadline]);
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once(path, form, query, signal);
      } catch (error) {
        const failure = this.#typed(error, path, deadline, options.signal);
        if (attempt >= TRIES || !isTriedAgain(failure, options.retry)) throw failure;
        const random = (this.#o.random ?? Math.random)();
        const ownMs = random * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt);
        const paused = await pause(Math.max(failure.retryAfterMs ?? 0, ownMs), signal);
        if (!paused) throw this.#typed(signal.reason, path, deadline, options.signal);
      }
    }
  }

  /** Ends idle connections. */
  close(): Promise<void> {
    return this.#dispatcher.close();
  }

  async #once<T>(
    path: string,
    form: AnswerForm<T>,
    query: Record<string, string | undefined>,
    signal: AbortSignal,
  ): Promise<T> {
    const url = new URL(this.#o.baseUrl.replace(/\/+$/, '') + path);
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, value);
    const headers = { 'x-api-key': this.#o.apiKey, accept: 'application/json' };
    const answer = await request(url, { dispatcher: this.#dispatcher, signal, headers });
    const text = await this.#body(answer, path);
    if (answer.statusCode < 200 || answer.statusCode > 299) throw this.#unhappy(answer, text, path);
    let value: unknown;
    try {
      value = form.parse(text);
    } catch {
      // The parser's own message quotes the body, so it is not passed on as a cause.
      const said = explainBody(this.#redact(text)).text;
      throw this.#error({ code: 'FXSOCKET_NOT_JSON', message: `${path} answered what is not JSON: ${said}` });
    }
    const checked = form.check(value);
    if (checked.ok) return checked.value;
    throw this.#error({
      code: 'FXSOCKET_SHAPE',
      message: `${path} answered another shape at "${checked.where}": ${checked.why}`,
    });
  }

  async #body(answer: Dispatcher.ResponseData, path: string): Promise<string> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of answer.body) {
      bytes += (chunk as Buffer).length;
      if (bytes > MAX_BODY_BYTES) {
        throw this.#error({
          code: 'FXSOCKET_BODY_TOO_LARGE',
          message: `${path} answered more than ${MAX_BODY_BYTES} bytes`,
        });
      }
      chunks.push(chunk as Buffer);
    }
    return Buffer.concat(chunks).toString('utf8');
  }

  #unhappy(answer: Dispatcher.ResponseData, text: string, path: string): FxSocketError {
    const { commandId, envelope, serverCode, text: said } = explainBody(this.#redact(text));
    const status = answer.statusCode;
    const waitMs = retryAfterMs(answer.headers['retry-after'], Date.now());
    return this.#error({
      code: codeOf(status, envelope),
      message: `${path} answered HTTP ${status}${said === '' ? '' : `: ${said}`}`,
      status,
      ...(waitMs === null ? {} : { retryAfterMs: waitMs }),
      context: { path, serverCode, commandId },
    });
  }

  #typed(error: unknown, path: string, deadline: AbortSignal, given: AbortSignal | undefined): FxSocketError {
    if (error instanceof FxSocketError) return error;
    if (given?.aborted === true)
      return this.#error({ code: 'FXSOCKET_ABORTED', message: `${path} was given up`, cause: error });
    if (deadline.aborted)
      return this.#error({ code: 'FXSOCKET_DEADLINE', message: `${path} did not answer in time` });
    const { code, message } = error as NodeJS.ErrnoException;
    const tls = code?.startsWith('ERR_TLS') === true || code?.includes('CERT') === true;
    const truncated =
      code === 'UND_ERR_SOCKET' || code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH' || message === 'terminated';
    const kind = tls ? 'FXSOCKET_TLS' : truncated ? 'FXSOCKET_TRUNCATED' : 'FXSOCKET_UNREACHABLE';
    return this.#error({
      code: kind,
      message: `${path}: ${code ?? ''} ${message}`.trim(),
      context: { path },
    });
  }

  #error(details: FxSocketErrorDetails): FxSocketError {
    return new FxSocketError({ ...details, message: this.#redact(details.message) });
  }
}

/** False when the signal ended the pause. */
function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const done = (whole: boolean): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', aborted);
      resolve(whole);
    };
    const aborted = (): void => done(false);
    const timer = setTimeout(() => done(true), ms);
    signal.addEventListener('abort', aborted);
  });
}
