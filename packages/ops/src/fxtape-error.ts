// The one error class of fxtape. In: a stable code, whether trying again can help, a sentence of what happened and one of what
// the operator does next. Out: an Error that a log line, an HTTP answer and a command line can all show without guessing.

/** `transient`: the same call may succeed later. `terminal`: somebody has to change something first. */
export type ErrorKind = 'terminal' | 'transient';

export interface FxtapeErrorInit {
  /** SCREAMING_SNAKE, never changed once published. Listed in docs/error-codes.md. */
  readonly code: string;
  readonly kind: ErrorKind;
  /** What happened, as a sentence without the code. Never holds a secret. */
  readonly message: string;
  /** What the operator does next, as a sentence. */
  readonly hint: string;
  /** Facts for programs and logs. Never holds a secret. */
  readonly context?: Record<string, unknown>;
  readonly cause?: unknown;
}

export class FxtapeError extends Error {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly hint: string;
  readonly context: Record<string, unknown>;

  constructor(init: FxtapeErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = 'FxtapeError';
    this.code = init.code;
    this.kind = init.kind;
    this.hint = init.hint;
    this.context = init.context ?? {};
  }

  /** One line for people: `CODE: what happened. What to do.` */
  toLine(): string {
    return `${this.code}: ${sentence(this.message)} ${sentence(this.hint)}`.trim();
  }
}

function sentence(text: string): string {
  const line = text.replaceAll(/\s*\n\s*/g, ' ').trim();
  return line === '' || /[.!?]$/.test(line) ? line : `${line}.`;
}
