// The error for an account whose gateway serves no request at all: it is down, rejects the key, or asks to wait. In: what a request ran into.
// Out: ACCOUNT_AWAY. The error says nothing about the job: the job returns to the queue, no attempt is used up, and nothing is written
// about the range it asked for (away-store.ts).
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

/** Rebuilds the error from the line that another request recorded. */
export const accountAwayAs = (account: string, line: string): FxtapeError =>
  accountAway(account, new Error(line.replace(`${CODE}: `, '')));

export const isAccountAway = (error: unknown): error is Error =>
  (error as { code?: unknown } | null | undefined)?.code === CODE;
