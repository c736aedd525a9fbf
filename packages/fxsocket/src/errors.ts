// The one error class of this package. In: a stable code, whether trying again can help, the facts of the
// request. Out: an Error whose message and context never hold the API key (callers pass redacted text).

/** Every code this package throws. `transient`: the same call may succeed later. `terminal`: it will not. */
export const errorKinds = {
  FXSOCKET_ABORTED: 'terminal',
  FXSOCKET_BAD_ARGUMENT: 'terminal',
  FXSOCKET_BODY_TOO_LARGE: 'terminal',
  FXSOCKET_CONFLICT: 'terminal',
  FXSOCKET_DEADLINE: 'transient',
  FXSOCKET_FORBIDDEN: 'terminal',
  FXSOCKET_GATEWAY_DOWN: 'transient',
  FXSOCKET_HTTP: 'terminal',
  FXSOCKET_NOT_FOUND: 'terminal',
  FXSOCKET_NOT_JSON: 'transient',
  FXSOCKET_NOT_READY: 'transient',
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

export interface FxSocketErrorDetails {
  code: FxSocketErrorCode;
  message: string;
  /** HTTP status of the answer, when there was one. */
  status?: number;
  /** What `Retry-After` asked for, in milliseconds. */
  retryAfterMs?: number;
  context?: Record<string, unknown>;
  cause?: unknown;
}

/** Thrown by every call of this package. `code` is stable; `docs/error-codes.md` says what to do for each. */
export class FxSocketError extends Error {
  override readonly name = 'FxSocketError';
  readonly code: FxSocketErrorCode;
  readonly kind: 'transient' | 'terminal';
  readonly status?: number;
  readonly retryAfterMs?: number;
  readonly context: Record<string, unknown>;

  constructor(details: FxSocketErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = details.code;
    this.kind = errorKinds[details.code];
    if (details.status !== undefined) this.status = details.status;
    if (details.retryAfterMs !== undefined) this.retryAfterMs = details.retryAfterMs;
    this.context = details.context ?? {};
  }
}
