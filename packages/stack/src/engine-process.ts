// One run of a local engine as a child process. In: its command, its data folder and the question whether it is ready. Out: a process
// that is ready or an error with its last lines; then its end, wanted or not.
// Life: started in a process group of its own, so that Ctrl-C reaches only fxtape, which stops it last. A guard ends it when this process
// dies, however that happens.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type Env, FxtapeError } from '@fxtape/ops';
import { forgetEngine, reclaimFolder, recordEngine } from './engine-owner.ts';
import { startGuard } from './guard.ts';
import { LineLog } from './line-log.ts';
import type { StackLog } from './log.ts';
import { serverVariables } from './machine-variables.ts';

export interface EngineSpec {
  /** For messages. */
  readonly title: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The engine gets only the variables that describe the machine. */
  readonly env: Env;
  /** Variables of its own. */
  readonly settings: Readonly<Record<string, string>>;
  /** Its data folder, which stands in its command line. */
  readonly dir: string;
  readonly logFile: string;
  readonly log: StackLog;
  /** Polled until true. */
  readonly ready: () => Promise<boolean>;
  readonly readyWithinMs: number;
}

export interface EngineExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

// $0 is the engine.
const GUARD = `kill -TERM "$0" 2>/dev/null || exit 0
n=0; while kill -0 "$0" 2>/dev/null && [ $n -lt 100 ]; do sleep 0.1; n=$((n+1)); done
kill -KILL "$0" 2>/dev/null; exit 0`;

export class EngineProcess {
  readonly pid: number;
  /** Settles when the process ended, for whatever reason. */
  readonly exited: Promise<EngineExit>;
  readonly #child: ChildProcess;
  readonly #lines: LineLog;

  private constructor(child: ChildProcess, pid: number, exited: Promise<EngineExit>, lines: LineLog) {
    this.#child = child;
    this.pid = pid;
    this.exited = exited;
    this.#lines = lines;
  }

  /**
   * Starts the engine and waits until it is ready.
   * @throws ENGINE_START_FAILED with its last lines when it ends or does not become ready in time; ENGINE_DATA_IN_USE
   */
  static async start(spec: EngineSpec): Promise<EngineProcess> {
    mkdirSync(spec.dir, { recursive: true });
    await reclaimFolder(spec.dir, spec);
    const lines = new LineLog(spec.logFile);
    const child = spawn(spec.command, spec.args, {
      cwd: spec.dir,
      env: { ...serverVariables(spec.env), ...spec.settings },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { pid } = child;
    if (pid === undefined) {
      const cause = await new Promise<Error>((resolve) => child.once('error', resolve));
      throw startFailed(spec, cause.message, [], cause);
    }
    child.stdout.setEncoding('utf8').on('data', (text: string) => lines.write(text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => lines.write(text));
    recordEngine(spec.dir, { pid, ownerPid: process.pid, marker: spec.dir });
    const guard = startGuard(GUARD, String(pid), spec.env);
    const exited = new Promise<EngineExit>((resolve) => {
      child.once('close', (code, signal) => {
        guard.kill('SIGKILL');
        forgetEngine(spec.dir, pid);
        resolve({ code, signal });
      });
    });
    const engine = new EngineProcess(child, pid, exited, lines);
    await engine.#becomeReady(spec);
    return engine;
  }

  async #becomeReady(spec: EngineSpec): Promise<void> {
    const untilMs = performance.now() + spec.readyWithinMs;
    while (performance.now() < untilMs) {
      if (await spec.ready()) return;
      const exit = await Promise.race([this.exited, delay(50, null)]);
      if (exit !== null) {
        const how = exit.signal === null ? `with code ${exit.code}` : `by ${exit.signal}`;
        throw startFailed(spec, `it ended ${how}`, this.lastLines());
      }
    }
    await this.stop(1000);
    throw startFailed(spec, `not ready after ${spec.readyWithinMs / 1000} s`, this.lastLines());
  }

  /** The last lines that the engine printed, oldest first. */
  lastLines(count = 20): string[] {
    return this.#lines.last(count);
  }

  /** SIGTERM, and SIGKILL after `deadlineMs`. Returns when it has ended. */
  async stop(deadlineMs: number): Promise<EngineExit> {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), deadlineMs);
    try {
      return await this.exited;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends it without a warning, as a crash would. Returns when it has ended. */
  kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<EngineExit> {
    this.#child.kill(signal);
    return this.exited;
  }
}

function startFailed(spec: EngineSpec, what: string, lines: string[], cause?: unknown) {
  const said = lines.length === 0 ? '' : `; its last lines: ${lines.slice(-5).join(' | ')}`;
  return new FxtapeError({
    code: 'ENGINE_START_FAILED',
    message: `${spec.title} did not start: ${what}${said}`,
    hint: `Read ${spec.logFile}; the usual causes are a port in use, a full disk or too little memory`,
    context: { lines, logFile: spec.logFile },
    cause,
  });
}
