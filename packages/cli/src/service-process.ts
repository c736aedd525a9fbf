// One service as a child process of `fxtape up`. In: its name and variables. Out: its lines in the common log, each behind the
// service's name; started again after a crash, later each time; stopped by SIGTERM, then SIGKILL.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Env } from '@fxtape/ops';

export type ServiceName = 'simulator' | 'collector' | 'console';

const STABLE_MS = 30_000;
const LONGEST_PAUSE_MS = 30_000;

export const serviceArguments = (service: ServiceName): string[] => [
  '--conditions=@fxtape/source',
  fileURLToPath(new URL(`../../../services/${service}/src/main.ts`, import.meta.url)),
];

export class ServiceProcess {
  readonly name: ServiceName;
  readonly #env: Env;
  readonly #say: (line: string) => void;
  #child: ChildProcess | null = null;
  #stopping = false;
  #failures = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(name: ServiceName, env: Env, say: (line: string) => void) {
    this.name = name;
    this.#env = env;
    this.#say = say;
  }

  start(): void {
    const startedMs = performance.now();
    const child = spawn(process.execPath, serviceArguments(this.name), {
      env: { ...this.#env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => this.#say(`${this.name.padEnd(9)} | ${line}`));
    }
    child.once('close', (code, signal) => {
      this.#child = null;
      if (this.#stopping) return;
      this.#failures = performance.now() - startedMs > STABLE_MS ? 0 : this.#failures + 1;
      const pauseMs = Math.min(LONGEST_PAUSE_MS, 250 * 2 ** this.#failures);
      this.#say(
        `${this.name.padEnd(9)} | ended (${signal ?? `code ${code}`}); starting again in ${pauseMs} ms`,
      );
      this.#timer = setTimeout(() => this.start(), pauseMs);
    });
  }

  /** Resolves when the process is gone. */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopping = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const child = this.#child;
    if (child === null) return;
    const gone = new Promise((resolve) => child.once('close', resolve));
    const timer = setTimeout(() => child.kill('SIGKILL'), deadlineMs);
    child.kill('SIGTERM');
    await gone;
    clearTimeout(timer);
  }
}
