// The error of a call that changes something. In: what ended the exchange, and whether any of the request can have reached the gateway. Out:
// an FxSocketError that also says whether the change was made: surely not, or nobody knows; and then how to find out.

import { FxSocketError } from '@fxtape/fxsocket';

/** Where and by what a lost request is looked for. */
export interface FindOut {
  /** Routes to read, in this order. */
  readonly look: readonly string[];
  /** What the rows are recognised by, in the gateway's own names: `comment`, `magic`, `ticket`, `symbol`. */
  readonly by: Readonly<Record<string, string | number | bigint>>;
  /** True when sending the same once more cannot do it twice. */
  readonly repeatable: boolean;
  /** The same in a sentence. */
  readonly say: string;
}

/**
 * Thrown by every call of this package. `outcome` `not_applied`: nothing was changed, `code` says why. `unknown`: the answer was lost
 * (`code` FXSOCKET_OUTCOME_UNKNOWN, what happened is the `cause`); the change may have been made or may still be.
 */
export class FxSocketTradingError extends FxSocketError {
  override readonly name = 'FxSocketTradingError';
  readonly outcome: 'not_applied' | 'unknown';
  /** Null when nothing was changed. */
  readonly findOut: FindOut | null;

  constructor(outcome: 'not_applied' | 'unknown', failure: FxSocketError, findOut: FindOut) {
    const unknown = outcome === 'unknown';
    super({
      code: unknown ? 'FXSOCKET_OUTCOME_UNKNOWN' : failure.code,
      message: unknown ? `The outcome is unknown: ${failure.message}. ${findOut.say}` : failure.message,
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

/** Statuses by which the gateway says that it did not begin. */
const REFUSED = new Set([400, 401, 402, 403, 404, 409, 422, 429]);

/** Whether the change was surely not made. Everything that is not sure is unknown. */
export function outcomeOf(failure: FxSocketError, sent: boolean): 'not_applied' | 'unknown' {
  if (!sent) return 'not_applied';
  const { code, serverCode, status } = failure;
  if (status === undefined) return 'unknown';
  // A redirect is not followed: nobody behind it has seen the request.
  if (REFUSED.has(status) || code === 'FXSOCKET_REDIRECT') return 'not_applied';
  // With the gateway's own envelope the terminal says so itself; a page of a proxy knows nothing of what happened behind it.
  if (status === 503 && serverCode !== null) return 'not_applied';
  if (status === 500 && serverCode !== null && /\bSymbolSelect failed/.test(failure.message))
    return 'not_applied';
  return 'unknown';
}
