// What an answer to `POST /write` means for the rows of the request. In: status, content type, body. Out: one of five verdicts. Only a 2xx
// without a body means stored (QuestDB answers 204): a page with status 200 comes from another server.
import type { HttpAnswer } from './http-call.ts';

export type WriteAnswer =
  | { readonly kind: 'stored' }
  /** The server names a line it could not take. None of the rows of the request was stored. */
  | { readonly kind: 'bad_line'; readonly line: number; readonly message: string }
  /** The request as a whole is too large; smaller parts may be accepted. */
  | { readonly kind: 'too_large'; readonly message: string }
  /** Refused for another reason than a single row: table, rights, read-only, the page of another server. */
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }
  /** No verdict: server error. */
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

const SHOWN = 300;

/** Never throws: an answer that is not understood is `failed` (5xx) or `refused`, and both are repeated. */
export function readWriteAnswer(answer: HttpAnswer): WriteAnswer {
  const { status } = answer;
  if (status >= 200 && status < 300) {
    if (answer.body.length > 0) {
      return refused(
        'QDB_BAD_ANSWER',
        `status ${status} with a body, which QuestDB never sends: ${excerpt(answer)}`,
      );
    }
    if (!answer.requestSent)
      return refused('QDB_BAD_ANSWER', `status ${status} before the rows had been sent`);
    return { kind: 'stored' };
  }
  const problem = readProblem(answer);
  const message = problem?.message ?? `status ${status}: ${excerpt(answer)}`;
  if (status === 413) return { kind: 'too_large', message };
  if (status >= 500) return { kind: 'failed', code: 'QDB_HTTP_STATUS', message };
  if (status === 401 || status === 403) return refused('QDB_UNAUTHORIZED', message);
  if (status === 421) return refused('QDB_READ_ONLY', message);
  const line = problem?.line ?? null;
  if (status === 400 && line !== null) return { kind: 'bad_line', line, message };
  return refused('QDB_REFUSED', message);
}

function refused(code: string, message: string): WriteAnswer {
  return { kind: 'refused', code, message };
}

function readProblem(answer: HttpAnswer): { message: string; line: number | null } | null {
  if (!answer.contentType.includes('json')) return null;
  let parsed: unknown;
  try {
    parsed = JSON.parse(answer.body.toString('utf8'));
  } catch {
    return null; // the caller shows the text as it is
  }
  if (typeof parsed !== 'object' || parsed === null) return null;
  const { message, line } = parsed as { message?: unknown; line?: unknown };
  if (typeof message !== 'string') return null;
  const isLine = typeof line === 'number' && Number.isInteger(line) && line >= 1;
  return { message: message.slice(0, SHOWN), line: isLine ? line : null };
}

function excerpt(answer: HttpAnswer): string {
  return answer.body.toString('utf8').replaceAll(/\s+/g, ' ').slice(0, SHOWN);
}
