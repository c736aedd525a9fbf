// Runs an outside command to its end. In: the command, its arguments, and the environment, of which it gets what a tool needs. Out: its exit code and what it printed; a
// command that is not installed is `missing`, not an exception, because the caller knows what to advise.
import { spawn } from 'node:child_process';
import type { Env } from '@fxtape/ops';
import { toolVariables } from './machine-variables.ts';

export interface CommandResult {
  /** Exit code; null when the command was not found or was ended by a signal. */
  readonly code: number | null;
  readonly missing: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** Waits for the end of `command`; after `deadlineMs` it is killed and counts as failed (code null). Never rejects. */
export function runCommand(
  command: string,
  args: readonly string[],
  o: { env: Env; deadlineMs?: number },
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      env: { ...toolVariables(o.env) },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: o.deadlineMs ?? 30_000,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', (error: NodeJS.ErrnoException) => {
      const missing = error.code === 'ENOENT' || error.code === 'EACCES';
      resolve({ code: null, missing, stdout, stderr: stderr || error.message });
    });
    child.on('close', (code) => resolve({ code, missing: false, stdout, stderr }));
  });
}
