// Whether an error concerns the request or the whole account: its gateway is down, rejects the key or asks to wait, or its terminal lost the broker.
// In: the error of a request. Out: the same error, or ACCOUNT_AWAY, which uses up no attempt and writes nothing. If an error can mean either, the
// status of the terminal decides.
import type { FxSocketRest } from '@fxtape/fxsocket';
import { accountAway, type AwayCause } from '@fxtape/jobs';
import { FxtapeError } from '@fxtape/ops';

/** Errors that do not depend on the requested range. */
const AWAY: ReadonlySet<unknown> = new Set([
  'FXSOCKET_FORBIDDEN',
  'FXSOCKET_GATEWAY_DOWN',
  'FXSOCKET_HTTP',
  'FXSOCKET_NOT_READY',
  'FXSOCKET_PAYMENT_REQUIRED',
  'FXSOCKET_RATE_LIMITED',
  'FXSOCKET_REDIRECT',
  'FXSOCKET_TLS',
  'FXSOCKET_UNAUTHORIZED',
  'FXSOCKET_UNREACHABLE',
  'KEY_MISSING',
]);
/** Ambiguous: a dead network or a range that takes too long; an unlinked account or a route that the bridge lacks. */
const EITHER: ReadonlySet<unknown> = new Set([
  'FXSOCKET_DEADLINE',
  'FXSOCKET_NOT_FOUND',
  'FXSOCKET_NOT_JSON',
  'FXSOCKET_TRUNCATED',
]);
/** A proxy's own time-out. */
const PROXY_TIMEOUTS: ReadonlySet<unknown> = new Set([504, 524]);
const STATUS_MS = 10_000;

type Terminal = { readonly account: string; readonly rest: Pick<FxSocketRest, 'status'> };

/** True if an error concerns the account, whatever the request was. */
export function meansAway(error: unknown): error is AwayCause {
  const { code, status } = (error ?? {}) as { code?: unknown; status?: unknown };
  return AWAY.has(code) && !(code === 'FXSOCKET_GATEWAY_DOWN' && PROXY_TIMEOUTS.has(status));
}

/** The error to throw for a failed request. `optional`: the route may be missing or unpaid although the account is available. */
export async function accountOrQuestion(
  error: unknown,
  of: Terminal & { readonly optional: boolean },
  signal: AbortSignal,
): Promise<unknown> {
  if (signal.aborted) return error;
  const either = EITHER.has((error as { code?: unknown } | null)?.code);
  if (meansAway(error) && !of.optional) return accountAway(of.account, error);
  if (!either && !meansAway(error) && !isProxyTimeout(error)) return error;
  const cause = await whyAway(of, signal);
  return cause === null ? error : accountAway(of.account, cause);
}

/** The gateway's proxy timed out: if the terminal is available, the range was too large. */
export const isProxyTimeout = (error: unknown): boolean => {
  const { code, status } = (error ?? {}) as { code?: unknown; status?: unknown };
  return code === 'FXSOCKET_GATEWAY_DOWN' && PROXY_TIMEOUTS.has(status);
};

/** Asks the terminal for its status. Null: it is available and connected to its broker. */
export async function whyAway({ account, rest }: Terminal, signal: AbortSignal): Promise<AwayCause | null> {
  try {
    const status = await rest.status({ signal, deadlineMs: STATUS_MS, retry: 'transport' });
    return status.broker.connected && status.account.loggedIn ? null : brokerAway(account);
  } catch (error) {
    const { code } = error as { code?: unknown };
    return meansAway(error) || EITHER.has(code) ? (error as AwayCause) : null;
  }
}

const brokerAway = (account: string): FxtapeError =>
  new FxtapeError({
    code: 'TERMINAL_OFFLINE',
    message: `the terminal of "${account}" is not connected to its broker`,
    context: { account },
  });
