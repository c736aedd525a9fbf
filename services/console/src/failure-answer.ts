// An error as the console answers it. In: an error of fxtape. Out: the status and `{code, message, hint}`.
import type { FxtapeError } from '@fxtape/ops';

/** Refusals carry their status. */
const REFUSALS = new Set([
  'UNAUTHORIZED',
  'HOST_NOT_ALLOWED',
  'ORIGIN_NOT_ALLOWED',
  'QUEUES_READ_ONLY',
  'KEY_MISSING',
  'REQUEST_BUSY',
  'REQUEST_FAILED',
  'REQUEST_INVALID',
  'REQUEST_REFUSED',
]);

export function failureAnswer(error: FxtapeError): {
  status: number;
  body: { code: string; message: string; hint: string };
} {
  const { code, hint, message } = error;
  return { status: statusOf(error), body: { code, message, hint } };
}

function statusOf({ code, context, kind }: FxtapeError): number {
  const { status } = context;
  if (typeof status === 'number' && REFUSALS.has(code)) return status;
  if (code === 'QUERY_INVALID') return 400;
  return kind === 'transient' || code.startsWith('QDB_') ? 503 : 500;
}
