// That a gateway gives an account nothing at all: it is not there, does not take the key, or wants to be left alone. In: what a request met.
// Out: an error that says so. It tells nothing about the job that met it: the job goes back to wait with all others of its account, no try
// is used, and nothing is written about what it asked for (away-book.ts).
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
