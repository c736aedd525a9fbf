// Python environments for tests. In: the machine's Python 3, and what to install. Out: a virtual environment with it, made once in the cache. Without Python
// the test fails and says so.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { engineLog } from './engine-choice.ts';
import { machineEnv } from './env.ts';

const SDK = 'fxsocket==0.8.0';
const run = promisify(execFile);

/** A folder outside the repository that stays from one run to the next. */
export function testCache(...parts: readonly string[]): string {
  const env = machineEnv();
  return join(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'), 'fxtape', ...parts);
}

/** The `python` of an environment with the vendor's SDK. @throws Error that says what is missing */
export const pythonWithSdk = (): Promise<string> => environment(SDK.replace('==', '-'), SDK, [SDK]);

/** The `python` of an environment with what a requirements file pins. @throws Error that says what is missing */
export async function pythonWith(requirements: string): Promise<string> {
  const content = await readFile(requirements);
  const name = `${basename(dirname(requirements))}-${createHash('sha256').update(content).digest('hex').slice(0, 12)}`;
  return environment(name, requirements, ['-r', requirements]);
}

async function environment(name: string, what: string, install: readonly string[]): Promise<string> {
  const folder = testCache('python', name);
  const python = join(folder, 'bin', 'python');
  const whole = join(folder, 'whole');
  // An environment cannot be moved, so a marker file shows that it is complete.
  if (existsSync(whole)) return python;
  await rm(folder, { recursive: true, force: true });
  await mkdir(dirname(folder), { recursive: true });
  engineLog.info(`Installing ${what} for Python into the cache (only the first time)`);
  await must(
    'python3',
    ['-m', 'venv', folder],
    'this test needs Python 3.10 or newer with venv (Debian: python3-venv)',
  );
  await must(
    python,
    ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...install],
    `pip could not install ${what}: check the network`,
  );
  await writeFile(whole, '');
  return python;
}

async function must(command: string, args: readonly string[], otherwise: string): Promise<void> {
  await run(command, args, { env: { ...machineEnv() } }).catch((cause: unknown) => {
    throw new Error(otherwise, { cause });
  });
}
