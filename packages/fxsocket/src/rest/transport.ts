// Sends one HTTP request to the gateway. In: method, path, query, body, the expected form of the answer. Out: the checked answer, or an
// FxSocketError without secrets. It never retries; that is the caller's decision. `onSent` reports whether the request can have reached the
// gateway.

import type { Agent, Dispatcher, request } from 'undici';
import type { Method } from '../api/route.ts';
import { FxSocketError, type FxSocketErrorCode, type FxSocketErrorDetails } from '../errors.ts';
import { badArgument, checkedAddress, checkedKey, checkedNumber, type TlsOptions } from '../options.ts';
import { type Redact, redactor } from '../redact.ts';
import { explainBody, readStart, REFUSAL_BYTES, retryAfterMs } from '../refusal.ts';
import { USER_AGENT } from '../version.ts';
import { writeJson } from '../wire/json.ts';
import type { AnswerForm } from './answer.ts';

export interface CallerOptions extends TlsOptions {
  readonly baseUrl: string;
  readonly apiKey: string;
  /** For proxies. It must not retry by itself; you close it, and `tlsVerify` and `ca` do not apply to it. */
  readonly dispatcher?: Dispatcher;
  /** [0, 1), for the pauses between retries. */
  readonly random?: () => number;
}

export interface HttpRequest<T> {
  readonly method: Method;
  /** Below the base address; path parameters are percent-encoded already. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  /** Sent as JSON; identifiers may be bigint. */
  readonly body?: unknown;
  /** Texts that no error may contain, besides the key. */
  readonly secrets?: readonly string[];
  readonly form: AnswerForm<T>;
  /** Called just before the first byte is written to an open connection. */
  readonly onSent?: () => void;
}

/** The signals that end a call: the caller's own and the deadline. */
export interface CallSignals {
  readonly given: AbortSignal | undefined;
  readonly deadline: AbortSignal;
  /** Whichever comes first. */
  readonly any: AbortSignal;
}

/** @throws FXSOCKET_BAD_ARGUMENT */
export function callSignals(given: AbortSignal | undefined, deadlineMs: number): CallSignals {
  const deadline = AbortSignal.timeout(Math.ceil(checkedNumber('deadlineMs', deadlineMs)));
  return { given, deadline, any: given === undefined ? deadline : AbortSignal.any([given, deadline]) };
}

/** Sockets to the gateway. The caller limits its concurrent requests. */
const CONNECTIONS = 16;
const MAX_BODY_BYTES = 256 * 1024 * 1024;

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

const isHappy = (status: number): boolean => status >= 200 && status <= 299;

interface Opened {
  readonly request: typeof request;
  readonly dispatcher: Dispatcher;
  /** Null when the dispatcher came from the options. */
  readonly own: Agent | null;
}

export class Transport {
  readonly #apiKey: string;
  readonly #base: string;
  readonly #o: CallerOptions;
  readonly #redact: Redact;
  #opened: Promise<Opened> | null = null;
  #closing: Promise<void> | null = null;

  /** `below` is a path prefix of all requests. @throws FXSOCKET_ADDRESS, FXSOCKET_BAD_ARGUMENT */
  constructor(options: CallerOptions, below = '') {
    const { allowHttp, apiKey, baseUrl } = options;
    const base = checkedAddress('baseUrl', baseUrl, { for: 'http', allowHttp }).href;
    this.#base = base.replace(/\/+$/, '') + below;
    this.#apiKey = checkedKey(apiKey);
    this.#o = options;
    this.#redact = redactor(apiKey);
  }

  /** @throws FxSocketError */
  async exchange<T>(what: HttpRequest<T>, signals: CallSignals): Promise<T> {
    const secrets = what.secrets ?? [];
    const redact = secrets.length === 0 ? this.#redact : redactor(this.#apiKey, secrets);
    if (this.#closing !== null) throw badArgument(`${what.path}: this client is closed`);
    try {
      return await this.#exchange(what, signals.any, redact);
    } catch (error) {
      throw typed(error, what, signals, redact);
    }
  }

  /** Refuses new requests and closes its connections when pending ones have ended. A dispatcher from the options stays open. */
  close(): Promise<void> {
    this.#closing ??= this.#opened?.then(({ own }) => own?.close()) ?? Promise.resolve();
    return this.#closing;
  }

  /** undici is over a megabyte, so it is loaded with the first request; a program that only streams never loads it. */
  async #open(): Promise<Opened> {
    const { Agent, request } = await import('undici');
    const { ca, dispatcher, tlsVerify } = this.#o;
    if (dispatcher !== undefined) return { dispatcher, own: null, request };
    const trust = {
      rejectUnauthorized: tlsVerify !== false,
      ...(ca === undefined ? {} : { ca: [ca].flat() }),
    };
    const own = new Agent({
      keepAliveTimeout: 30_000,
      connections: CONNECTIONS,
      allowH2: false,
      connect: { ...trust, timeout: 10_000 },
    });
    return { dispatcher: own, own, request };
  }

  async #exchange<T>(what: HttpRequest<T>, signal: AbortSignal, redact: Redact): Promise<T> {
    const { body, form, method, path } = what;
    const url = new URL(this.#base + path);
    for (const [name, value] of Object.entries(what.query ?? {}))
      if (value !== undefined) url.searchParams.set(name, String(value));
    const headers: Record<string, string> = {
      'x-api-key': this.#apiKey,
      'user-agent': USER_AGENT,
      accept: 'application/json',
    };
    if (body !== undefined) headers['content-type'] = 'application/json';
    this.#opened ??= this.#open();
    const opened = await this.#opened;
    const answer = await opened.request(url, {
      method,
      dispatcher: what.onSent === undefined ? opened.dispatcher : telling(opened.dispatcher, what.onSent),
      signal,
      headers,
      ...(body === undefined ? {} : { body: writeJson(body) }),
    });
    const status = answer.statusCode;
    const alsoAnswer = form.alsoAt?.includes(status) === true;
    const text = isHappy(status) ? await readBody(answer, path) : await readStart(answer.body);
    if (!isHappy(status) && !alsoAnswer) throw unhappy(answer, text, path, redact);
    let value: unknown;
    try {
      value = form.parse(text);
    } catch {
      if (alsoAnswer) throw unhappy(answer, text, path, redact);
      // The parser's own message quotes the body, so it is not passed on as a cause.
      const said = explainBody(redact(text.slice(0, REFUSAL_BYTES))).text;
      throw failure(
        { code: 'FXSOCKET_NOT_JSON', message: `the answer of ${path} is not JSON: ${said}` },
        redact,
      );
    }
    const checked = form.check(value);
    if (checked.ok) return checked.value;
    if (alsoAnswer) throw unhappy(answer, text, path, redact);
    const message = `the answer of ${path} has another shape at "${checked.where}": ${checked.why}`;
    throw failure({ code: 'FXSOCKET_SHAPE', message }, redact);
  }
}

/** The same dispatcher for one request, calling `onSent` just before the request is written. */
const telling = (dispatcher: Dispatcher, onSent: () => void): Dispatcher =>
  dispatcher.compose((dispatch) => (options, handler) => {
    const noting: Dispatcher.DispatchHandler = {
      onRequestStart: (controller, context) => {
        handler.onRequestStart?.(controller, context);
        if (!controller.aborted) onSent();
      },
      onRequestUpgrade: (...all) => handler.onRequestUpgrade?.(...all),
      onResponseStart: (...all) => handler.onResponseStart?.(...all),
      onResponseData: (...all) => handler.onResponseData?.(...all),
      onResponseEnd: (...all) => handler.onResponseEnd?.(...all),
      onResponseError: (...all) => handler.onResponseError?.(...all),
    };
    return dispatch(options, noting);
  });

async function readBody(answer: Dispatcher.ResponseData, path: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer.body) {
    bytes += (chunk as Buffer).length;
    if (bytes > MAX_BODY_BYTES) {
      throw new FxSocketError({
        code: 'FXSOCKET_BODY_TOO_LARGE',
        message: `the answer of ${path} is longer than ${MAX_BODY_BYTES} bytes`,
      });
    }
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function unhappy(answer: Dispatcher.ResponseData, text: string, path: string, redact: Redact): FxSocketError {
  const { commandId, envelope, fields, serverCode, text: said } = explainBody(redact(text));
  const status = answer.statusCode;
  const waitMs = retryAfterMs(answer.headers['retry-after'], Date.now());
  const details: FxSocketErrorDetails = {
    code: codeOf(status, envelope),
    message: `${path} answered HTTP ${status}${said === '' ? '' : `: ${said}`}`,
    status,
    serverCode,
    ...(waitMs === null ? {} : { retryAfterMs: waitMs }),
    context: { path, serverCode, commandId, ...(Object.keys(fields).length === 0 ? {} : { fields }) },
  };
  return failure(details, redact);
}

function typed(
  error: unknown,
  { path }: HttpRequest<unknown>,
  signals: CallSignals,
  redact: Redact,
): FxSocketError {
  if (error instanceof FxSocketError) return error;
  if (signals.given?.aborted === true)
    return failure({ code: 'FXSOCKET_ABORTED', message: `${path} was cancelled`, cause: error }, redact);
  if (signals.deadline.aborted)
    return failure({ code: 'FXSOCKET_DEADLINE', message: `${path} did not answer in time` }, redact);
  const { code, message } = error as NodeJS.ErrnoException;
  const tls =
    code?.startsWith('ERR_TLS') === true ||
    code?.includes('CERT') === true ||
    code === 'UNABLE_TO_VERIFY_LEAF_SIGNATURE';
  const truncated =
    code === 'UND_ERR_SOCKET' || code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH' || message === 'terminated';
  const kind = tls ? 'FXSOCKET_TLS' : truncated ? 'FXSOCKET_TRUNCATED' : 'FXSOCKET_UNREACHABLE';
  return failure(
    { code: kind, message: `${path}: ${code ?? ''} ${message}`.trim(), context: { path } },
    redact,
  );
}

const failure = (details: FxSocketErrorDetails, redact: Redact): FxSocketError =>
  new FxSocketError({ ...details, message: redact(details.message) });
