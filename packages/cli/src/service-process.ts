// One service as a child process of `fxtape up`. In: its name and variables. Out: a process that is up, its lines, and its restarts:
//
//   starting ──run file with its pid──► up ──ended──► pause 0.5 s, 1 s, … 30 s ──► starting
//      └──ended, several times in a row, never up──► SERVICE_START_FAILED
//
// It stands in a process group of its own, so that a Ctrl-C reaches only `fxtape up`, which stops it in order; and it ends when
// `fxtape up` ends, however that ends (end-with-parent.ts).
import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Env, FxtapeError, NODE_FLAGS, readServiceInfo } from '@fxtape/ops';
import { failureReason } from './failure-reason.ts';
import type { ProcessName } from './processes.ts';

export interface ServiceProcessOptions {
  readonly name: ProcessName;
  readonly env: Env;
  readonly dataDir: string;
  /** Takes each line that the service prints. */
  readonly line: (line: string) => void;
  readonly warn: (message: string) => void;
  /** Arguments of node; default: `fxtape run NAME`. */
  readonly command?: readonly string[];
}

const STABLE_MS = 30_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 30_000;
const LOOK_EVERY_MS = 100;
/** This many exits in a row without ever having been up are no accident. */
const MOST_START_FAILURES = 4;
const KEPT_LINES = 30;

export class ServiceProcess {
  readonly #o: ServiceProcessOptions;
  #child: ChildProcess | null = null;
  #stopping = false;
  #wasUp = false;
  #failures = 0;
  #restart: NodeJS.Timeout | null = null;
  #lines: string[] = [];

  constructor(options: ServiceProcessOptions) {
    this.#o = options;
  }

  /** Process id of the present run; null between two runs. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /**
   * Resolves when it is up for the first time; from then on it is kept running.
   * @throws SERVICE_START_FAILED with what it said when it ends again and again before it is up.
   */
  start(): Promise<void> {
    return new Promise((resolve, reject) => this.#run(resolve, reject));
  }

  /** SIGTERM, and SIGKILL after the deadline. Resolves when the process is gone. */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopping = true;
    if (this.#restart !== null) clearTimeout(this.#restart);
    const child = this.#child;
    if (child === null) return;
    const gone = new Promise((resolve) => child.once('close', resolve));
    const timer = setTimeout(() => child.kill('SIGKILL'), deadlineMs);
    child.kill('SIGTERM');
    await gone;
    clearTimeout(timer);
  }

  #run(up: () => void, failed: (error: FxtapeError) => void): void {
    const startedMs = performance.now();
    this.#lines = [];
    let look: NodeJS.Timeout | undefined;
    const ended = (how: string): void => {
      clearInterval(look);
      this.#child = null;
      if (this.#stopping) return;
      this.#failures = performance.now() - startedMs > STABLE_MS ? 0 : this.#failures + 1;
      if (!this.#wasUp && this.#failures >= MOST_START_FAILURES) return failed(this.#startFailed(how));
      const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures);
      this.#o.warn(`${this.#o.name} ended (${how}); restarting it in ${pauseMs} ms`);
      this.#restart = setTimeout(() => this.#run(up, failed), pauseMs);
    };
    const child = this.#spawn(ended);
    if (child === null) return;
    this.#child = child;
    // A pipe that broke says that the process ended, which `close` says better.
    child.stdin.on('error', () => {});
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on('line', (line) => this.#take(line));
    look = setInterval(() => {
      if (!this.#isUp(child)) return;
      clearInterval(look);
      this.#wasUp = true;
      up();
    }, LOOK_EVERY_MS);
    child.once('error', (error) => this.#take(error.message));
    child.once('close', (code, signal) => ended(signal ?? `code ${code}`));
  }

  /** Null when the machine cannot create the process (no process or file handle left); it is handled like an exit. */
  #spawn(ended: (how: string) => void): ChildProcessWithoutNullStreams | null {
    const { command, env, name } = this.#o;
    try {
      const child = spawn(process.execPath, command ?? runArguments(name), {
        env: { ...env },
        detached: true,
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      const streams: readonly unknown[] = [child.stdin, child.stdout, child.stderr];
      if (!streams.includes(undefined)) return child;
      // With no file handle left, Node creates no pipes and reports no exit.
      child.once('error', (error) => ended(error.message));
    } catch (error) {
      ended(String(error));
    }
    return null;
  }

  #take(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > KEPT_LINES) this.#lines.shift();
    this.#o.line(line);
  }

  #isUp(child: ChildProcess): boolean {
    try {
      return readServiceInfo(this.#o.dataDir, this.#o.name)?.pid === child.pid;
    } catch {
      return false; // a damaged file of an earlier run, which the service replaces once it is up
    }
  }

  #startFailed(how: string): FxtapeError {
    const { name } = this.#o;
    const reason = failureReason(this.#lines);
    return new FxtapeError({
      code: 'SERVICE_START_FAILED',
      message: `${name} ended ${MOST_START_FAILURES} times before it was up, last with ${how}${reason === null ? '' : `: ${reason}`}`,
      context: { service: name },
    });
  }
}

function runArguments(name: ProcessName): string[] {
  const main = fileURLToPath(new URL('main.ts', import.meta.url));
  return [...NODE_FLAGS, main, 'run', name, '--with-parent'];
}
