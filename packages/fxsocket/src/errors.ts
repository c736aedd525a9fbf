// The package's only error class. In: a stable code and the facts of the request. Out: an Error with a hint. Its message and context never
// contain the API key, because callers pass redacted text.

const entry =
  <K extends 'transient' | 'terminal'>(kind: K) =>
  (when: string, hint: string): { readonly kind: K; readonly when: string; readonly hint: string } => ({
    kind,
    when,
    hint,
  });
const terminal = entry('terminal');
const transient = entry('transient');

/** Every code this package throws. `transient`: the same call may succeed later. `terminal`: it will not. */
export const errorCatalogue = {
  FXSOCKET_ABORTED: terminal(
    'the caller cancelled the request',
    'Nothing to do: the caller cancelled the call',
  ),
  FXSOCKET_ADDRESS: terminal(
    'the base URL, or an address in the account list, is not a URL, or is plain HTTP to another machine (fxtape: `allow_http: true` on the account permits it, but anybody on the network can then read the key)',
    'Correct the address that the message names; plain HTTP to another machine needs `allowHttp: true`',
  ),
  FXSOCKET_BAD_ARGUMENT: terminal(
    'an option or a parameter is invalid, such as a key with a line break; nothing was sent',
    'Correct the argument that the message names; nothing was sent',
  ),
  FXSOCKET_BODY_TOO_LARGE: terminal('an answer is larger than 256 MB', 'Ask for a smaller range'),
  FXSOCKET_CONFLICT: terminal(
    'HTTP 409: the gateway reports a conflict',
    'See the message from the gateway; an account that is already linked has a row in the list',
  ),
  FXSOCKET_DEADLINE: transient(
    "no complete answer within the call's deadline, retries included",
    'Check whether the gateway is slow, ask for a smaller range, or allow more time',
  ),
  FXSOCKET_DEFECT: terminal(
    'an exception inside a stream ended it',
    'Report it with the message and the context',
  ),
  FXSOCKET_FORBIDDEN: terminal(
    'HTTP 403: the key may not do this',
    'Use a key with this permission: a read-only key cannot change anything',
  ),
  FXSOCKET_GATEWAY_DOWN: transient(
    "a 5xx without the gateway's own envelope: the terminal is down or restarting",
    'Wait: the terminal is down or restarting; if it lasts, check the account on FxSocket',
  ),
  FXSOCKET_HTTP: terminal('an unexpected HTTP status', 'See the message from the gateway'),
  FXSOCKET_NOT_FOUND: terminal(
    "HTTP 404: unknown account or route, or an account outside the key's scope",
    'Check the account id, the scope of the key, and whether this bridge has the route',
  ),
  FXSOCKET_NOT_JSON: transient(
    'an answer is not JSON, or is cut short',
    'If it lasts, look for a proxy in between',
  ),
  FXSOCKET_NOT_READY: transient(
    'HTTP 503: the terminal has just started',
    'Wait a minute: the terminal has just started',
  ),
  FXSOCKET_OUTCOME_UNKNOWN: terminal(
    'the answer to an order, or to the linking of an account, was lost: it may have been carried out',
    'Check the lists that the message names before you send anything again',
  ),
  FXSOCKET_PAYMENT_REQUIRED: terminal(
    'HTTP 402: FxSocket wants payment',
    'Check the billing of the FxSocket account',
  ),
  FXSOCKET_RATE_LIMITED: transient(
    'HTTP 429; `Retry-After` is honoured',
    'Send fewer requests; the error says how long to wait',
  ),
  FXSOCKET_REDIRECT: terminal(
    "HTTP 3xx: the address is not the gateway's",
    "Correct the address: it is not the gateway's",
  ),
  FXSOCKET_SHAPE: terminal(
    'an answer is JSON but lacks a required field, which the message names',
    'Report it with the message: the gateway has changed',
  ),
  FXSOCKET_TERMINAL_FAILED: transient(
    "HTTP 500 with the gateway's envelope: the terminal could not do it (unknown symbol, history not loaded yet)",
    'Check the spelling of the symbol; if the history is not loaded yet, ask again later',
  ),
  FXSOCKET_TERMINAL_TIMEOUT: transient(
    "HTTP 504 with the gateway's envelope: the terminal took too long",
    'Ask for a smaller range',
  ),
  FXSOCKET_TLS: terminal(
    "the server's certificate cannot be verified (fxtape: `tls_verify: false` on the account accepts it)",
    'Correct the address, or accept the certificate of a private server with `tlsVerify: false`',
  ),
  FXSOCKET_TRUNCATED: transient(
    'the connection ended in the middle of an answer',
    'Try again: the connection ended in the middle of an answer',
  ),
  FXSOCKET_UNAUTHORIZED: terminal(
    'HTTP 401: the key is missing, wrong, or was rotated',
    'Use a valid key that reaches this account',
  ),
  FXSOCKET_UNREACHABLE: transient(
    'no connection to the gateway',
    'Check the network, the proxy and the address',
  ),
  FXSOCKET_VALIDATION: terminal(
    'HTTP 400 or 422: the gateway rejects the request',
    'Correct the request: the message says what the gateway rejects',
  ),
};

export type FxSocketErrorCode = keyof typeof errorCatalogue;

export interface FxSocketErrorDetails {
  code: FxSocketErrorCode;
  message: string;
  /** HTTP status of the answer, if there was one. */
  status?: number;
  /** The gateway's `Retry-After`, ms. */
  retryAfterMs?: number;
  serverCode?: string | null;
  /** Replaces the default hint of the code. */
  hint?: string;
  context?: Record<string, unknown>;
  cause?: unknown;
}

/** Thrown by every call of this package. `code` is stable; `kind` says whether the same call may succeed later; `hint` says what to do. */
export class FxSocketError extends Error {
  override readonly name: string = 'FxSocketError';
  readonly code: FxSocketErrorCode;
  readonly kind: 'transient' | 'terminal';
  readonly hint: string;
  readonly status?: number;
  readonly retryAfterMs?: number;
  /** The gateway's own code, such as `MRPC_TIMEOUT` or `account_cap_reached`; null when it gave none. */
  readonly serverCode: string | null;
  /** More facts: `path`, `commandId`, and in `fields` the other values of the gateway's error (`cap`, `current`). */
  readonly context: Record<string, unknown>;

  constructor(details: FxSocketErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = details.code;
    this.kind = errorCatalogue[details.code].kind;
    this.hint = details.hint ?? errorCatalogue[details.code].hint;
    if (details.status !== undefined) this.status = details.status;
    if (details.retryAfterMs !== undefined) this.retryAfterMs = details.retryAfterMs;
    this.serverCode = details.serverCode ?? null;
    this.context = details.context ?? {};
  }
}
