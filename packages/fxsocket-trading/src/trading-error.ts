// The error of a call that changes something. In: the failure, and whether the request can have reached the gateway. Out: an FxSocketError
// that also says whether the change was certainly not made or its outcome is unknown, and in the latter case how to find out.

import { FxSocketError } from '@fxtape/fxsocket';

/** How to find out whether a request with a lost answer was executed. */
export interface FindOut {
  /** Routes to read, in this order. */
  readonly look: readonly string[];
  /** The fields that identify the row, by the gateway's names: `comment`, `magic`, `ticket`, `symbol`. */
  readonly by: Readonly<Record<string, string | number | bigint>>;
  /** True when sending the same request again is harmless. */
  readonly repeatable: boolean;
  /** All of this in a sentence. */
  readonly say: string;
}

/**
 * Thrown by every call of this package. `outcome` is `not_applied` when nothing was changed; `code` says why. It is `unknown` when the answer
 * was lost (`code` FXSOCKET_OUTCOME_UNKNOWN, the failure is the `cause`): the change may have been made, or may still be.
 */
export class FxSocketTradingError extends FxSocketError {
  override readonly name = 'FxSocketTradingError';
  readonly outcome: 'not_applied' | 'unknown';
  /** Null when `outcome` is `not_applied`. */
  readonly findOut: FindOut | null;

  constructor(outcome: 'not_applied' | 'unknown', failure: FxSocketError, findOut: FindOut) {
    const unknown = outcome === 'unknown';
    super({
      code: unknown ? 'FXSOCKET_OUTCOME_UNKNOWN' : failure.code,
      message: unknown ? `the outcome is unknown: ${failure.message}. ${findOut.say}` : failure.message,
      serverCode: failure.serverCode,
      context: failure.context,
      cause: failure,
      ...(unknown ? { hint: findOut.say } : { hint: failure.hint }),
      ...(failure.status === undefined ? {} : { status: failure.status }),
      ...(failure.retryAfterMs === undefined ? {} : { retryAfterMs: failure.retryAfterMs }),
    });
    this.outcome = outcome;
    this.findOut = unknown ? findOut : null;
  }
}

/** Statuses with which the gateway refuses a request before it executes it. */
const REFUSED = new Set([400, 401, 402, 403, 404, 409, 422, 429]);

/** `not_applied` only when the change was certainly not made. */
export function outcomeOf(failure: FxSocketError, sent: boolean): 'not_applied' | 'unknown' {
  if (!sent) return 'not_applied';
  const { code, serverCode, status } = failure;
  if (status === undefined) return 'unknown';
  // Redirects are not followed, so no terminal has seen the request.
  if (REFUSED.has(status) || code === 'FXSOCKET_REDIRECT') return 'not_applied';
  // Only the gateway's own envelope says that the terminal refused; a proxy does not know what happened behind it.
  if (status === 503 && serverCode !== null) return 'not_applied';
  if (status === 500 && serverCode !== null && /\bSymbolSelect failed/.test(failure.message))
    return 'not_applied';
  return 'unknown';
}
