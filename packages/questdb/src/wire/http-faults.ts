// What goes wrong on the way to QuestDB over HTTP, as errors with a code. In: where the server is, and what happened. Out: the error.
import { FxtapeError } from '@fxtape/ops';
import type { ClientConf } from './client-conf.ts';

type Place = Pick<ClientConf, 'host' | 'port'>;

const where = (place: Place): string => `${place.host}:${place.port}`;

const NOT_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
]);

/** QDB_UNREACHABLE or QDB_RESET. */
export function connectionFault(place: Place, cause: Error): FxtapeError {
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  const tls = code.startsWith('ERR_TLS') || code.includes('CERT');
  if (NOT_CONNECTED.has(code) || tls) {
    return new FxtapeError({
      code: 'QDB_UNREACHABLE',
      message: `QuestDB at ${where(place)} cannot be reached (${code})`,
      hint: tls
        ? 'Check the certificate, or tls_ca in QDB_CLIENT_CONF'
        : 'Start `fxtape up` if it is not running; if QuestDB runs elsewhere, check QDB_CLIENT_CONF',
      context: { code },
      cause,
    });
  }
  return new FxtapeError({
    code: 'QDB_RESET',
    message: `the connection to QuestDB at ${where(place)} was lost before the answer arrived (${code || cause.message})`,
    context: { code },
    cause,
  });
}

/** No whole answer within the deadline. */
export function timedOut(place: Place, deadlineMs: number, bytes: number): FxtapeError {
  return new FxtapeError({
    code: 'QDB_TIMEOUT',
    message: `QuestDB at ${where(place)} did not answer within ${deadlineMs} ms`,
    context: { deadlineMs, bytes },
  });
}

/** Nothing came for a while. */
export function fellSilent(place: Place, idleMs: number): FxtapeError {
  return new FxtapeError({
    code: 'QDB_TIMEOUT',
    message: `QuestDB at ${where(place)} sent nothing for ${idleMs} ms`,
    context: { idleMs },
  });
}

export function badAnswer(place: Place, what: string): FxtapeError {
  return new FxtapeError({
    code: 'QDB_BAD_ANSWER',
    message: `the server at ${where(place)} does not answer like QuestDB: ${what}`,
  });
}
