// What a person sees of `fxtape up` on a terminal. In: the steps of the start, and every log line of `up` and its services. Out: a line per
// step with the time since the start, the greeting, and from then on warnings and errors only. The log file gets every line.
//
// A service's warnings are held back during the start. Those of failures that were tried again are dropped once every account is live; all
// others are shown at its end. Errors are shown at once.
import { LineLog } from '@fxtape/stack';
import { type ErrorCode, errorCatalogue, visible } from '@fxtape/ops';
import { serviceLine } from './service-lines.ts';

/** The process whose own lines are shown at once: `up` itself. */
const OWN = 'fxtape';
const MOST_HELD = 30;
const TICK_MS = 1000;
const CLEAR_LINE = '\r\u001b[K';

export interface StartScreenOptions {
  readonly write: (text: string) => void;
  /** Milliseconds on a monotonic clock. */
  readonly monoMs: () => number;
}

export class StartScreen {
  readonly #o: StartScreenOptions;
  readonly #startedMs: number;
  readonly #asJson = serviceLine({ terminal: false, json: true });
  #log: LineLog | null = null;
  #ticker: NodeJS.Timeout | null = null;
  #held: { readonly shown: string; readonly passes: boolean }[] = [];

  constructor(options: StartScreenOptions) {
    this.#o = options;
    this.#startedMs = options.monoMs();
  }

  /** The start begins: time is shown, and lines are kept in this file. */
  begin(logFile: string): void {
    this.#ticker = setInterval(() => this.#o.write(`${CLEAR_LINE}${this.#elapsed()} …`), TICK_MS);
    this.#ticker.unref();
    this.#keepIn(() => (this.#log = new LineLog(logFile)));
  }

  /** A log line as a process printed it. */
  take(process: string, line: string): void {
    this.#keepIn(() => this.#log?.write(`${this.#asJson(process, line)}\n`));
    const { level, passes, text } = forPeople(process, line);
    const isOwn = process === OWN;
    if (level === 'info' && isOwn) this.step(text);
    if (level !== 'warn' && level !== 'error') return;
    const shown = `${level.toUpperCase()}  ${isOwn ? '' : `${process}: `}${text}`;
    if (isOwn || level === 'error' || this.#ticker === null) this.#print(shown);
    else this.#hold({ shown, passes });
  }

  step(text: string): void {
    this.#print(this.#ticker === null ? text : `${this.#elapsed()}  ${text}`);
  }

  /** Every account is live: what was tried again has worked. */
  live(): void {
    this.#held = this.#held.filter(({ passes }) => !passes);
  }

  /** The start is over, well or not. */
  end(): void {
    if (this.#ticker === null) return;
    clearInterval(this.#ticker);
    this.#ticker = null;
    this.#o.write(CLEAR_LINE);
    for (const { shown } of this.#held) this.#print(shown);
    this.#held = [];
  }

  /** The oldest of those that pass go first. */
  #hold(warning: { readonly shown: string; readonly passes: boolean }): void {
    this.#held.push(warning);
    if (this.#held.length <= MOST_HELD) return;
    const oldest = this.#held.findIndex(({ passes }) => passes);
    this.#held.splice(Math.max(0, oldest), 1);
  }

  #elapsed(): string {
    return `${Math.round((this.#o.monoMs() - this.#startedMs) / 1000)} s`.padStart(7);
  }

  #print(line: string): void {
    this.#o.write(`${this.#ticker === null ? '' : CLEAR_LINE}${visible(line)}\n`);
  }

  /** A file that cannot be written must not end the recording. */
  #keepIn(write: () => void): void {
    try {
      write();
    } catch {
      this.#log = null;
    }
  }
}

/** The line without its JSON. What is no JSON comes from a process that failed before its log began: an error. */
function forPeople(process: string, line: string): { level: string; text: string; passes: boolean } {
  const fields = fieldsOf(line);
  if (fields === null) return { level: 'error', text: line, passes: false };
  const { account, code, err, level, msg } = fields;
  const { kind, message: cause } = (err ?? {}) as { kind?: unknown; message?: unknown };
  const passes = typeof code === 'string' ? isPassing(code) : err !== undefined && kind !== 'terminal';
  const parts = [account, msg, cause].filter((part): part is string => typeof part === 'string');
  const text = [...new Set(parts)].join(': ') + (typeof code === 'string' ? ` (${code})` : '');
  return { level: level === 'fatal' ? 'error' : String(level), text: text === '' ? process : text, passes };
}

/** True for a code that states a failure which is tried again, or something that waits. What is said once stays. */
const isPassing = (code: string): boolean =>
  code in errorCatalogue && ['state', 'transient'].includes(errorCatalogue[code as ErrorCode].kind);

function fieldsOf(line: string): Record<string, unknown> | null {
  try {
    return line.startsWith('{') ? (JSON.parse(line) as Record<string, unknown>) : null;
  } catch {
    return null; // cut off while it was written
  }
}
