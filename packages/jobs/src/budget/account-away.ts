// A gateway does not serve an account at all: it is down, rejects the key, or asks to wait. In: what a request met. Out: an error that says
// so. It says nothing about the job that met it: the job goes back to wait with the account's others, no attempt is used up, and nothing is
// written about what it asked for (away-book.ts).
import { FxtapeError } from '@fxtape/ops';

const CODE = 'ACCOUNT_AWAY';

/** What a client threw; its `retryAfterMs` is honoured. */
export interface AwayCause extends Error {
  readonly code?: unknown;
  readonly hint?: unknown;
  readonly retryAfterMs?: unknown;
}

export const accountAway = (account: string, cause: AwayCause): FxtapeError =>
  new FxtapeError({
    code: CODE,
    kind: 'transient',
    message: `${typeof cause.code === 'string' ? `${cause.code}: ` : ''}${cause.message}`,
    hint:
      typeof cause.hint === 'string'
        ? cause.hint
        : 'Nothing to do: its jobs wait, and resume when the gateway is back',
    context: {
      account,
      ...(typeof cause.retryAfterMs === 'number' ? { retryAfterMs: cause.retryAfterMs } : {}),
    },
    cause,
  });

/** The same error, as another request met it. */
export const accountAwayAs = (account: string, line: string): FxtapeError =>
  accountAway(account, new Error(line.replace(`${CODE}: `, '')));

export const isAccountAway = (error: unknown): error is Error =>
  (error as { code?: unknown } | null | undefined)?.code === CODE;
