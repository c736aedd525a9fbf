// The engines' files: which ones, how they are checked, where they are kept. In: a pinned artifact. Out: a folder of the cache
// (`<cache>/fxtape/engines/<name>-<version>/`) that holds exactly the pinned bytes. A folder appears whole, by one rename, after its
// checksums fitted; what is found there later is checked again before each start, because caches get damaged.
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Env, FxtapeError } from '@fxtape/ops';
import type { StackLog } from './log.ts';
import { runCommand } from './run-command.ts';
import { readZipEntry } from './zip-entry.ts';

export interface Artifact {
  /** Name of the folder in the cache: what it is and its version. */
  readonly folder: string;
  /** For messages. */
  readonly title: string;
  /** Maven coordinates: group:artifact:version. */
  readonly coordinates: string;
  readonly jar: { readonly file: string; readonly sha256: string; readonly megabytes: number };
  /** The file of the jar that is wanted, when it is not the jar itself. */
  readonly entry?: { readonly name: string; readonly file: string; readonly sha256: string };
}

// Pinned, because another version of it may copy differently; this one runs on every Maven from 3.6.3 on.
const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy';

/** `$XDG_CACHE_HOME/fxtape/engines`, by default under ~/.cache. */
export function engineCacheDir(env: Env): string {
  return join(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'), 'fxtape', 'engines');
}

/**
 * The path of the artifact's file, fetched first when the cache does not hold it. Safe when several processes do it at once.
 * @throws ENGINE_MAVEN_MISSING, ENGINE_DOWNLOAD_FAILED, ENGINE_CHECKSUM
 */
export async function provideArtifact(artifact: Artifact, o: { env: Env; log: StackLog }): Promise<string> {
  const cache = engineCacheDir(o.env);
  const folder = join(cache, artifact.folder);
  const wanted = artifact.entry ?? artifact.jar;
  const path = join(folder, wanted.file);
  const cached = await readIfThere(path);
  if (cached !== null && sha256(cached) === wanted.sha256) return path;
  if (cached !== null) {
    o.log.warn(`The cached ${artifact.title} is damaged; downloading it again`);
    await rm(folder, { recursive: true, force: true });
  }
  await mkdir(cache, { recursive: true });
  const partial = await mkdtemp(join(cache, `${artifact.folder}.partial-`));
  try {
    await fetchInto(partial, artifact, o);
    await rename(partial, folder).catch(async (error: NodeJS.ErrnoException) => {
      // Another process finished first: its folder holds the same bytes.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
      expectSha256(artifact.title, await readFile(path), wanted.sha256);
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return path;
}

// Two Mavens at once may damage their common local repository.
let lastFetch: Promise<unknown> = Promise.resolve();

function fetchInto(dir: string, artifact: Artifact, o: { env: Env; log: StackLog }): Promise<void> {
  const fetched = lastFetch.then(() => fetchNow(dir, artifact, o));
  lastFetch = fetched.then(
    () => null,
    () => null,
  );
  return fetched;
}

async function fetchNow(dir: string, artifact: Artifact, o: { env: Env; log: StackLog }): Promise<void> {
  const startedMs = performance.now();
  o.log.info(`Downloading ${artifact.title} with Maven (${artifact.jar.megabytes} MB, only the first time)`);
  const args = ['-q', '-B', '-Dstyle.color=never', COPY];
  const result = await runCommand(
    'mvn',
    [...args, `-Dartifact=${artifact.coordinates}`, `-DoutputDirectory=${dir}`],
    { env: o.env, deadlineMs: 600_000 },
  );
  if (result.missing) {
    throw new FxtapeError({
      code: 'ENGINE_MAVEN_MISSING',
      message: `Maven (the command mvn) was not found; it is needed to download ${artifact.title}`,
    });
  }
  const jarPath = join(dir, artifact.jar.file);
  const jar = result.code === 0 ? await readIfThere(jarPath) : null;
  if (jar === null) {
    const said = (result.stdout + result.stderr).trim().split('\n').slice(0, 3).join(' ');
    throw new FxtapeError({
      code: 'ENGINE_DOWNLOAD_FAILED',
      message: `Maven could not download ${artifact.coordinates}: ${said || 'it gave no reason'}`,
      context: { coordinates: artifact.coordinates, exitCode: result.code },
    });
  }
  expectSha256(artifact.title, jar, artifact.jar.sha256);
  if (artifact.entry !== undefined) {
    const bytes = readZipEntry(jar, artifact.entry.name);
    expectSha256(artifact.title, bytes, artifact.entry.sha256);
    const path = join(dir, artifact.entry.file);
    await writeFile(path, bytes);
    await chmod(path, 0o755);
    await rm(jarPath);
  }
  // mkdtemp makes folders that only the owner may enter: the cache is no secret.
  await chmod(dir, 0o755);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  o.log.info(`${artifact.title} downloaded, checksum verified (${seconds} s)`);
}

function expectSha256(title: string, bytes: Buffer, wanted: string): void {
  const got = sha256(bytes);
  if (got === wanted) return;
  throw new FxtapeError({
    code: 'ENGINE_CHECKSUM',
    message: `${title} has the checksum ${got} instead of ${wanted}`,
    context: { got, wanted },
  });
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function readIfThere(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
