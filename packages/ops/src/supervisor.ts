// Restarts the parts of a service when they fail. In: parts by name, each a function that runs until its signal is aborted. Out: a part
// that throws is restarted after a pause that grows with each failure, and its failure is shown until it has run 10 s without an error.
//
//   running ──error──► failed: pause ──► running, still shown ──10 s without an error──► running
//      └──returns──► over
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';
import { pause } from './waits.ts';

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;
const WELL_AFTER_MS = 10_000;

export interface PartFailure {
  readonly part: string;
  readonly code: string;
  readonly message: string;
  /** Failures in a row. */
  readonly times: number;
}

export interface SupervisorOptions {
  readonly clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>;
  readonly log: Log;
  readonly signal: AbortSignal;
}

export class Supervisor {
  readonly #o: SupervisorOptions;
  readonly #failures = new Map<string, PartFailure>();

  constructor(options: SupervisorOptions) {
    this.#o = options;
  }

  get failures(): readonly PartFailure[] {
    return [...this.#failures.values()];
  }

  /** Resolves when the part returns, or the signal is aborted and the part has ended. Never rejects. */
  async run(part: string, work: () => Promise<void>): Promise<void> {
    const { clock, log, signal } = this.#o;
    while (!signal.aborted) {
      const well = clock.setTimeout(() => this.#failures.delete(part), WELL_AFTER_MS);
      try {
        await work();
        return;
      } catch (error) {
        if (signal.aborted) return;
        const failure = failureOf(part, error, (this.#failures.get(part)?.times ?? 0) + 1);
        this.#failures.set(part, failure);
        log.error({ err: error, part, times: failure.times }, 'a part failed; restarting it');
      } finally {
        clock.clearTimeout(well);
      }
      const times = this.#failures.get(part)?.times ?? 1;
      await pause(clock, Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (times - 1)), signal);
    }
  }
}

const failureOf = (part: string, error: unknown, times: number): PartFailure => {
  const { code, message } =
    error instanceof Error ? (error as NodeJS.ErrnoException) : { message: String(error) };
  return { part, code: code ?? 'INTERNAL', message, times };
};
