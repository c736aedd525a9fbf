// A program under test as a child process. In: what to run. Out: a handle to signal it, kill it, wait for its end and read its output, in memory and in a
// file. Children that still run when this process ends are killed.
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Env } from '@fxtape/ops';

export interface ChildSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Env;
  /** Its output is also appended to this file. */
  readonly logFile: string;
  /** Starts it in its own process group, as a terminal does; see `signalGroup`. */
  readonly ownGroup?: boolean;
}

export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const KEPT_CHARS = 4_000_000;
const alive = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

export class ChildHandle {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** Settles when it has ended and all its output was read. */
  readonly exited: Promise<ChildExit>;
  readonly #child: ChildProcess;
  #text = '';
  #stdout = '';
  #exit: ChildExit | null = null;

  private constructor(spec: ChildSpec, child: ChildProcess, pid: number) {
    this.name = spec.name;
    this.pid = pid;
    this.logFile = spec.logFile;
    this.#child = child;
    const file = createWriteStream(spec.logFile, { flags: 'a' });
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout = (this.#stdout + text).slice(-KEPT_CHARS);
      this.#keep(text);
      file.write(text);
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#keep(text);
      file.write(text);
    });
    alive.add(child);
    this.exited = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        alive.delete(child);
        this.#exit = { code, signal };
        file.end(() => resolve({ code, signal }));
      });
    });
  }

  /** @throws Error when the program cannot be started */
  static async start(spec: ChildSpec): Promise<ChildHandle> {
    const child = spawn(spec.command, spec.args, {
      cwd: spec.cwd,
      env: { ...spec.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: spec.ownGroup === true,
    });
    const { pid } = child;
    if (pid === undefined) throw await new Promise<Error>((resolve) => child.once('error', resolve));
    return new ChildHandle(spec, child, pid);
  }

  /** How it ended; null while it runs. */
  get exit(): ChildExit | null {
    return this.#exit;
  }

  /** Its output, both streams in order of arrival (the last 4 million characters). */
  get logs(): string {
    return this.#text;
  }

  get stdout(): string {
    return this.#stdout;
  }

  /** The last lines, for error messages. */
  lastLines(count = 20): string {
    return this.#text.trimEnd().split('\n').slice(-count).join('\n');
  }

  /** Sends a signal and does not wait. False when it has ended. */
  signal(signal: NodeJS.Signals): boolean {
    return this.#child.kill(signal);
  }

  /** Sends a signal to the whole process group, as Ctrl-C in a terminal does. The child was started with `ownGroup`. */
  signalGroup(signal: NodeJS.Signals): void {
    process.kill(-this.pid, signal);
  }

  /** SIGKILL by default; returns when it has ended. */
  kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<ChildExit> {
    this.#child.kill(signal);
    return this.exited;
  }

  /** SIGTERM, then SIGKILL after the deadline. @throws Error with its last lines when it had to be killed */
  async stop(deadlineMs = 15_000): Promise<ChildExit> {
    this.#child.kill('SIGTERM');
    const exit = await Promise.race([this.exited, delay(deadlineMs, null, { ref: false })]);
    if (exit !== null) return exit;
    await this.kill();
    throw new Error(`${this.name} did not stop within ${deadlineMs} ms:\n${this.lastLines()}`);
  }

  #keep(text: string): void {
    this.#text = (this.#text + text).slice(-KEPT_CHARS);
  }
}
