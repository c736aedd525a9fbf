// What a failed start of a recording means. In: the error. Out: whether trying again soon makes sense, and the line for people.
import { FxSocketError } from '@fxtape/fxsocket';
import { FxtapeError } from '@fxtape/ops';

/** Errors about the key: they will not pass by themselves, so they are not retried every two seconds. */
const OF_THE_KEY = new Set(['FXSOCKET_UNAUTHORIZED', 'FXSOCKET_FORBIDDEN', 'FXSOCKET_PAYMENT_REQUIRED']);

export const isRefusal = (error: unknown): boolean =>
  (error instanceof FxtapeError && error.kind === 'terminal') ||
  (error instanceof FxSocketError && OF_THE_KEY.has(error.code));

export const lineOf = (error: unknown): string => {
  if (error instanceof FxtapeError) return error.toLine();
  return error instanceof FxSocketError ? `${error.code}: ${error.message}. ${error.hint}` : String(error);
};
