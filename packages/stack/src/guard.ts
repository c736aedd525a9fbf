// Ends something when this process ends, however that ends, SIGKILL included. In: a shell script and what it is about ($0). Out: a
// sleeping shell whose input is a pipe from this process: it runs the script when the pipe closes. Kill it once it is not needed.
import { type ChildProcess, spawn } from 'node:child_process';
import type { Env } from '@fxtape/ops';
import { toolVariables } from './machine-variables.ts';

export function startGuard(script: string, subject: string, env: Env): ChildProcess {
  // `cat` ends when our end of the pipe closes.
  const guard = spawn('/bin/sh', ['-c', `cat >/dev/null\n${script}`, subject], {
    env: { ...toolVariables(env) },
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // The pipe only has to stay open; neither it nor the guard keeps this process from ending.
  guard.unref();
  (guard.stdin as unknown as { unref(): void }).unref();
  return guard;
}
