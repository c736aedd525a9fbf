// A measured run as a process of its own, so that no run warms up or litters another. In: a script of this folder, its JSON argument, and
// the one core to run on. Out: the JSON that it printed last.
import { NODE_FLAGS } from '@fxtape/ops';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const canPin = spawnSync('taskset', ['--version'], { stdio: 'ignore' }).status === 0;

/** Whether a child can be held to one core on this machine. */
export const pinnable = canPin;

export interface ChildOptions {
  /** Number of the core; null leaves the choice to the system. */
  readonly core: number | null;
  readonly profileDir?: string | null;
}

/** @throws Error when it ends with another code than 0. */
export async function measureInChild<T>(script: string, argument: object, o: ChildOptions): Promise<T> {
  const profile: string[] = [];
  if (o.profileDir) {
    mkdirSync(o.profileDir, { recursive: true });
    profile.push('--cpu-prof', `--cpu-prof-dir=${o.profileDir}`);
  }
  const path = fileURLToPath(new URL(script, import.meta.url));
  const node = [...NODE_FLAGS, ...profile, path, JSON.stringify(argument)];
  const [command, args] =
    o.core !== null && canPin
      ? ['taskset', ['-c', String(o.core), process.execPath, ...node]]
      : [process.execPath, node];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`${script} ended with ${code}:\n${out}`);
  return JSON.parse(out.trimEnd().split('\n').at(-1) ?? '') as T;
}
