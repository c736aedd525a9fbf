// Runs the `fxtape` command. In: its arguments. Out: exit code and output of a command that ends; a handle of the process for one that stays, such as
// `up`.
import { join } from 'node:path';
import type { Env } from '@fxtape/ops';
import type { ChildHandle } from './child-process.ts';
import { startNode, WORKSPACE } from './service.ts';

export interface CommandOptions {
  readonly dataDir: string;
  readonly env?: Env;
  /** Working directory; default: the data folder. */
  readonly cwd?: string;
  /** Starts it in its own process group, so that `signalGroup` acts like Ctrl-C in a terminal. */
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
