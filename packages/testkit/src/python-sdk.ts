// The vendor's Python SDK for tests. In: the machine's Python 3. Out: a virtual environment with the SDK, made once in the cache. Without Python the test
// fails and says so.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { engineLog } from './engine-choice.ts';
import { machineEnv } from './env.ts';

const PACKAGE = 'fxsocket==0.8.0';
const run = promisify(execFile);

/** The path of its `python`. @throws Error that says what is missing */
export async function pythonWithSdk(): Promise<string> {
  const env = machineEnv();
  const cache = join(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'), 'fxtape', 'python');
  const folder = join(cache, PACKAGE.replace('==', '-'));
  const python = join(folder, 'bin', 'python');
  const whole = join(folder, 'whole');
  // An environment cannot be moved, so a marker file shows that it is complete.
  if (existsSync(whole)) return python;
  await rm(folder, { recursive: true, force: true });
  await mkdir(cache, { recursive: true });
  engineLog.info(`Installing ${PACKAGE} for Python into the cache (only the first time)`);
  await must(
    'python3',
    ['-m', 'venv', folder],
    'this test needs Python 3.10 or newer with venv (Debian: python3-venv)',
  );
  await must(
    python,
    ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', PACKAGE],
    `pip could not install ${PACKAGE}: check the network`,
  );
  await writeFile(whole, '');
  return python;
}

async function must(command: string, args: readonly string[], otherwise: string): Promise<void> {
  await run(command, args, { env: { ...machineEnv() } }).catch((cause: unknown) => {
    throw new Error(otherwise, { cause });
  });
}
