// The `fxtape` command as a person runs it. In: its arguments. Out: for a command that ends, its exit code and output; for `up` and other
// commands that stay, a handle of the process.
import { join } from 'node:path';
import type { Env } from '@fxtape/ops';
import type { ChildHandle } from './child-process.ts';
import { startNode, WORKSPACE } from './service.ts';

export interface CommandOptions {
  readonly dataDir: string;
  readonly env?: Env;
  /** Where it is run; default: the data folder. */
  readonly cwd?: string;
  /** In a process group of its own: `signalGroup` is then Ctrl-C in its terminal. */
  readonly ownGroup?: boolean;
}

export interface CommandOutcome {
  readonly code: number | null;
  readonly stdout: string;
  /** Both streams. */
  readonly output: string;
}

/** Starts the command and does not wait. */
export function startFxtape(args: readonly string[], o: CommandOptions): Promise<ChildHandle> {
  return startNode('fxtape', [join(WORKSPACE, 'packages', 'cli', 'src', 'main.ts'), ...args], o);
}

/** Runs the command to its end; it is killed after `deadlineMs` (default 60 s), and then its code is null. */
export async function runFxtape(
  args: readonly string[],
  o: CommandOptions & { deadlineMs?: number },
): Promise<CommandOutcome> {
  const child = await startFxtape(args, o);
  const timer = setTimeout(() => child.signal('SIGKILL'), o.deadlineMs ?? 60_000);
  const { code } = await child.exited;
  clearTimeout(timer);
  return { code, stdout: child.stdout, output: child.logs };
}
