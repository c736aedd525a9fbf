// Stops a process in order. In: named steps, added as the parts start. Out: on a signal, or on demand, each step is awaited in the
// reverse order of adding, a failing step does not keep the next ones from running, and a deadline ends what hangs.
//
//   running ──signal / run()──► stopping ──all steps done──► exit 0 (1 when a step failed)
//                                  ├──deadline────────────► exit 1, naming the step that hung
//                                  └──second signal───────► exit 128+n at once
// One Ctrl-C may arrive several times: from the terminal, which signals the whole process group, and from each wrapper (npm, pnpm) that
// passes it on. Signals within a second after the first count as the same one.
import { constants } from 'node:os';
import { abandonLines, type Log } from './log.ts';

export interface ShutdownOptions {
  readonly log: Log;
  /** For all steps together. */
  readonly deadlineMs: number;
  /** How the process ends; default: the log is flushed, then `process.exit`. */
  readonly exit?: (code: number) => void;
  /** Default: the monotonic clock, milliseconds. */
  readonly monoMs?: () => number;
}

const SAME_WISH_MS = 1000;

export class Shutdown {
  readonly #log: Log;
  readonly #deadlineMs: number;
  readonly #exit: (code: number) => void;
  readonly #steps: { name: string; stop: () => Promise<void> }[] = [];
  #running: Promise<void> | null = null;
  #failed = false;
  readonly #monoMs: () => number;
  #firstSignalMs: number | null = null;

  constructor(options: ShutdownOptions) {
    this.#log = options.log;
    this.#deadlineMs = options.deadlineMs;
    this.#exit = options.exit ?? ((code) => flushAndExit(options.log, code));
    this.#monoMs = options.monoMs ?? (() => performance.now());
  }

  /** True from the moment stopping began. Nothing may be restarted then. */
  get stopping(): boolean {
    return this.#running !== null;
  }

  /** True when a step threw or the deadline passed. */
  get failed(): boolean {
    return this.#failed;
  }

  /** `stop` runs before everything that was added earlier. Added while stopping, it runs as the next step. */
  add(name: string, stop: () => Promise<void>): void {
    this.#steps.push({ name, stop });
  }

  /** Stops everything once; later calls wait for the same end. Never rejects: see {@link failed}. */
  run(): Promise<void> {
    this.#running ??= this.#stopAll();
    return this.#running;
  }

  /** SIGINT and SIGTERM stop the process in order; another one, more than a second later, ends it at once. */
  onSignals(): void {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => this.onSignal(signal));
  }

  onSignal(signal: 'SIGINT' | 'SIGTERM'): void {
    const nowMs = this.#monoMs();
    if (this.#firstSignalMs !== null) {
      if (nowMs - this.#firstSignalMs < SAME_WISH_MS) return;
      this.#log.warn({ signal }, 'second signal: exiting at once');
      this.#exit(128 + constants.signals[signal]);
      return;
    }
    this.#firstSignalMs = nowMs;
    this.#log.info({ signal }, 'stopping');
    void this.run().then(() => this.#exit(this.#failed ? 1 : 0));
  }

  async #stopAll(): Promise<void> {
    let current = 'nothing';
    let expired = false;
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        expired = true;
        this.#failed = true;
        this.#log.error({ step: current, deadlineMs: this.#deadlineMs }, `"${current}" did not stop in time`);
        resolve();
      }, this.#deadlineMs);
    });
    const steps = (async () => {
      for (let step = this.#steps.pop(); step !== undefined && !expired; step = this.#steps.pop()) {
        current = step.name;
        try {
          await step.stop();
          this.#log.debug({ step: step.name }, 'stopped');
        } catch (error) {
          this.#failed = true;
          this.#log.error({ step: step.name, err: error }, `"${step.name}" failed to stop`);
        }
      }
    })();
    await Promise.race([steps, deadline]);
    clearTimeout(timer);
  }
}

/** Ends the process after its last log lines are written. */
export function flushAndExit(log: Log, code: number): void {
  log.flush(() => process.exit(code));
  // A stdout that nobody reads must not keep the process alive.
  setTimeout(() => {
    abandonLines();
    process.exit(code);
  }, 500);
}
