// Runs a measurement in a separate process, so that runs do not warm each other up. In: a script of this folder, its JSON argument, a core to
// run on. Out: the JSON of its last line.
import { NODE_FLAGS } from '@fxtape/ops';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const canPin = spawnSync('taskset', ['--version'], { stdio: 'ignore' }).status === 0;

/** Whether this machine can pin a child to one core. */
export const pinnable = canPin;

export interface ChildOptions {
  /** Number of the core; null: any. */
  readonly core: number | null;
  readonly profileDir?: string | null;
}

/** @throws Error when the exit code is not 0 */
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
