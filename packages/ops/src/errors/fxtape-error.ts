// The error class of fxtape. In: a code of the catalogue and what happened; kind and hint come from the catalogue. Out: an Error that a log
// line, an HTTP answer and a command line can show as it is.
import { errorCatalogue, type ThrownCode } from './catalogue.ts';
import type { ErrorKind } from './entry.ts';

export interface FxtapeErrorInit {
  readonly code: ThrownCode;
  /** What happened, as a sentence without the code. Never holds a secret. */
  readonly message: string;
  /** What the operator does next, when the case allows a better sentence than the catalogue's. */
  readonly hint?: string | undefined;
  /** Facts for programs and logs. Never holds a secret. */
  readonly context?: Record<string, unknown>;
  readonly cause?: unknown;
}

export class FxtapeError extends Error {
  readonly code: ThrownCode;
  readonly kind: ErrorKind;
  readonly hint: string;
  readonly context: Record<string, unknown>;

  constructor({ cause, code, context = {}, hint, message }: FxtapeErrorInit) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'FxtapeError';
    this.code = code;
    this.kind = errorCatalogue[code].kind;
    this.hint = hint ?? errorCatalogue[code].hint;
    this.context = context;
  }

  toLine(): string {
    return errorLine(this);
  }
}

/** One line for people: `CODE: what happened. What to do.` */
export function errorLine({ code, hint, message }: { code: string; message: string; hint: string }): string {
  return `${code}: ${sentence(message)} ${sentence(hint)}`.trim();
}

function sentence(text: string): string {
  const line = text.replaceAll(/\s*\n\s*/g, ' ').trim();
  return line === '' || /[.!?]$/.test(line) ? line : `${line}.`;
}
