// The package's only error class. In: a stable code and the facts of the request. Out: an Error with a hint. Its message and context never
// contain the API key, because callers pass redacted text.

/** Every code of this package. `transient`: the same call may succeed later; `terminal`: it will not. */
export const errorKinds = {
  FXSOCKET_ABORTED: 'terminal',
  FXSOCKET_ADDRESS: 'terminal',
  FXSOCKET_BAD_ARGUMENT: 'terminal',
  FXSOCKET_BODY_TOO_LARGE: 'terminal',
  FXSOCKET_CONFLICT: 'terminal',
  FXSOCKET_DEADLINE: 'transient',
  FXSOCKET_DEFECT: 'terminal',
  FXSOCKET_FORBIDDEN: 'terminal',
  FXSOCKET_GATEWAY_DOWN: 'transient',
  FXSOCKET_HTTP: 'terminal',
  FXSOCKET_NOT_FOUND: 'terminal',
  FXSOCKET_NOT_JSON: 'transient',
  FXSOCKET_NOT_READY: 'transient',
  FXSOCKET_OUTCOME_UNKNOWN: 'terminal',
  FXSOCKET_PAYMENT_REQUIRED: 'terminal',
  FXSOCKET_RATE_LIMITED: 'transient',
  FXSOCKET_REDIRECT: 'terminal',
  FXSOCKET_SHAPE: 'terminal',
  FXSOCKET_TERMINAL_FAILED: 'transient',
  FXSOCKET_TERMINAL_TIMEOUT: 'transient',
  FXSOCKET_TLS: 'terminal',
  FXSOCKET_TRUNCATED: 'transient',
  FXSOCKET_UNAUTHORIZED: 'terminal',
  FXSOCKET_UNREACHABLE: 'transient',
  FXSOCKET_VALIDATION: 'terminal',
} as const satisfies Record<string, 'transient' | 'terminal'>;

export type FxSocketErrorCode = keyof typeof errorKinds;

const hints: Record<FxSocketErrorCode, string> = {
  FXSOCKET_ABORTED: 'Nothing to do: the caller cancelled the call',
  FXSOCKET_ADDRESS:
    'Correct the address that the message names; plain HTTP to another machine needs `allowHttp: true`',
  FXSOCKET_BAD_ARGUMENT: 'Correct the argument that the message names; nothing was sent',
  FXSOCKET_BODY_TOO_LARGE: 'Ask for a smaller range',
  FXSOCKET_CONFLICT:
    'See the message from the gateway; an account that is already linked has a row in the list',
  FXSOCKET_DEADLINE: 'Check whether the gateway is slow, ask for a smaller range, or allow more time',
  FXSOCKET_DEFECT: 'Report it with the message and the context',
  FXSOCKET_FORBIDDEN: 'Use a key with this permission: a read-only key cannot change anything',
  FXSOCKET_GATEWAY_DOWN:
    'Wait: the terminal is down or restarting; if it lasts, check the account on FxSocket',
  FXSOCKET_HTTP: 'See the message from the gateway',
  FXSOCKET_NOT_FOUND: 'Check the account id, the scope of the key, and whether this bridge has the route',
  FXSOCKET_NOT_JSON: 'If it lasts, look for a proxy in between',
  FXSOCKET_NOT_READY: 'Wait a minute: the terminal has just started',
  FXSOCKET_OUTCOME_UNKNOWN: 'Check the lists that the message names before you send anything again',
  FXSOCKET_PAYMENT_REQUIRED: 'Check the billing of the FxSocket account',
  FXSOCKET_RATE_LIMITED: 'Send fewer requests; the error says how long to wait',
  FXSOCKET_REDIRECT: "Correct the address: it is not the gateway's",
  FXSOCKET_SHAPE: 'Report it with the message: the gateway has changed',
  FXSOCKET_TERMINAL_FAILED:
    'Check the spelling of the symbol; if the history is not loaded yet, ask again later',
  FXSOCKET_TERMINAL_TIMEOUT: 'Ask for a smaller range',
  FXSOCKET_TLS: 'Correct the address, or accept the certificate of a private server with `tlsVerify: false`',
  FXSOCKET_TRUNCATED: 'Try again: the connection ended in the middle of an answer',
  FXSOCKET_UNAUTHORIZED: 'Use a valid key that reaches this account',
  FXSOCKET_UNREACHABLE: 'Check the network, the proxy and the address',
  FXSOCKET_VALIDATION: 'Correct the request: the message says what the gateway rejects',
};

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
    this.kind = errorKinds[details.code];
    this.hint = details.hint ?? hints[details.code];
    if (details.status !== undefined) this.status = details.status;
    if (details.retryAfterMs !== undefined) this.retryAfterMs = details.retryAfterMs;
    this.serverCode = details.serverCode ?? null;
    this.context = details.context ?? {};
  }
}
