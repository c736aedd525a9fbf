// What a person sees of `fxtape up` on a terminal. In: the steps of the start, and every log line of `up` and its services. Out: a line per
// step with the time since the start, the greeting, and from then on warnings and errors only. The log file gets every line.
//
// A service's warnings are held back during the start, since most are over once every account is live. Those that are not are shown at its
// end.
import { LineLog } from '@fxtape/stack';
import { visible } from '@fxtape/ops';
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
  #held: string[] = [];

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
    const { level, text } = forPeople(process, line);
    const isOwn = process === OWN;
    if (level === 'info' && isOwn) this.step(text);
    if (level !== 'warn' && level !== 'error') return;
    const shown = `${level.toUpperCase()}  ${isOwn ? '' : `${process}: `}${text}`;
    if (isOwn || this.#ticker === null) this.#print(shown);
    else this.#held = [...this.#held, shown].slice(-MOST_HELD);
  }

  step(text: string): void {
    this.#print(this.#ticker === null ? text : `${this.#elapsed()}  ${text}`);
  }

  /** Everything is live: whatever a service warned of until now has passed. */
  live(): void {
    this.#held = [];
  }

  /** The start is over, well or not. */
  end(): void {
    if (this.#ticker === null) return;
    clearInterval(this.#ticker);
    this.#ticker = null;
    this.#o.write(CLEAR_LINE);
    for (const line of this.#held) this.#print(line);
    this.#held = [];
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
function forPeople(process: string, line: string): { level: string; text: string } {
  const fields = fieldsOf(line);
  if (fields === null) return { level: 'error', text: line };
  const { account, code, err, level, msg } = fields;
  const cause = (err as { message?: unknown } | undefined)?.message;
  const parts = [account, msg, cause].filter((part): part is string => typeof part === 'string');
  const text = [...new Set(parts)].join(': ') + (typeof code === 'string' ? ` (${code})` : '');
  return { level: level === 'fatal' ? 'error' : String(level), text: text === '' ? process : text };
}

function fieldsOf(line: string): Record<string, unknown> | null {
  try {
    return line.startsWith('{') ? (JSON.parse(line) as Record<string, unknown>) : null;
  } catch {
    return null; // cut off while it was written
  }
}
