// An object store for tests: versitygw over a folder of its own, on loopback, built once into the cache with the machine's Go. Out: its address and keys, and
// ways to stop, start and kill it. Objects and port survive a stop.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '@fxtape/stack';
import { ChildHandle } from './child-process.ts';
import { engineLog } from './engine-choice.ts';
import { machineEnv } from './env.ts';
import { testCache } from './python.ts';
import { tempDir } from './temp-dir.ts';
import { until } from './until.ts';

const VERSION = 'v1.8.0';
const MODULE = `github.com/versity/versitygw/cmd/versitygw@${VERSION}`;
const KEY = 'fxtape-test';
const SECRET = 'secret-of-the-test';

export interface S3Server {
  readonly endpoint: string;
  /** Variables for the SDK. */
  readonly env: { AWS_ACCESS_KEY_ID: string; AWS_SECRET_ACCESS_KEY: string; AWS_REGION: string };
  readonly bucket: string;
  /** Where the bucket's objects lie as files. */
  readonly folder: string;
  start(): Promise<void>;
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<void>;
  /** Ends it and removes its objects. */
  close(): Promise<void>;
}

/** Starts it with one empty bucket and waits until it answers. */
export async function startS3(): Promise<S3Server> {
  const command = await built();
  const dir = tempDir('s3');
  const bucket = 'datasets';
  const folder = join(dir.path, 'objects', bucket);
  mkdirSync(folder, { recursive: true });
  // For file systems without extended attributes.
  const sidecar = join(dir.path, 'sidecar');
  mkdirSync(sidecar);
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  let child: ChildHandle | null = null;
  const start = async (): Promise<void> => {
    const started = await ChildHandle.start({
      name: 'versitygw',
      command,
      args: [
        '--port',
        `127.0.0.1:${port}`,
        '--access',
        KEY,
        '--secret',
        SECRET,
        '--keep-alive',
        '--quiet',
        'posix',
        '--sidecar',
        sidecar,
        join(dir.path, 'objects'),
      ],
      cwd: dir.path,
      env: machineEnv(),
      logFile: join(dir.path, 'versitygw.log'),
    });
    child = started;
    await until(
      async () => {
        if (started.exit !== null) throw new Error(`versitygw ended: ${started.lastLines()}`);
        return fetch(endpoint).catch(() => null);
      },
      { what: 'versitygw', deadlineMs: 30_000 },
    );
  };
  const kill = async (): Promise<void> => {
    await child?.kill();
    child = null;
  };
  await start();
  return {
    endpoint,
    env: { AWS_ACCESS_KEY_ID: KEY, AWS_SECRET_ACCESS_KEY: SECRET, AWS_REGION: 'us-east-1' },
    bucket,
    folder,
    start,
    kill,
    close: async () => {
      await kill();
      await dir.remove();
    },
  };
}

/** The path of the program. @throws Error that says what is missing */
async function built(): Promise<string> {
  const folder = testCache('versitygw', VERSION);
  const command = join(folder, 'versitygw');
  if (existsSync(command)) return command;
  await mkdir(folder, { recursive: true });
  engineLog.info(`Building ${MODULE} into the cache (only the first time; it takes minutes)`);
  // `go install` puts a finished program in its place with one rename.
  await promisify(execFile)('go', ['install', MODULE], {
    env: { ...machineEnv(), GOBIN: folder },
  }).catch((cause: unknown) => {
    throw new Error('this test needs Go 1.24 or newer, and the network to build versitygw', { cause });
  });
  return command;
}
