// Redis from its pinned binary, as a child process on loopback. In: a folder for its data, and its password. Out: a server that answers
// PING, with its URL. It reads the password from a file in its folder. Its port is chosen at the first start and kept.
import { mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { Env } from '@fxtape/ops';
import { provideArtifact } from './artifact.ts';
import { type EngineExit, EngineProcess } from './engine-process.ts';
import { redisArguments, redisPasswordSetting, redisSettings } from './engine-settings.ts';
import { freePort, portIsFree } from './free-port.ts';
import type { StackLog } from './log.ts';
import { redisArtifact } from './pinned.ts';
import { writePrivate } from './private-file.ts';
import { redisAnswers } from './probe.ts';
import { redisUrl } from './redis-url.ts';

const READY_MS = 30_000;
const STOP_MS = 5000;

export interface LocalRedisOptions {
  /** Folder of the server's data; made when missing. */
  readonly dir: string;
  readonly logFile: string;
  /** Where Maven and the cache are looked for. */
  readonly env: Env;
  readonly log: StackLog;
  /** Wanted port; when it is taken at the first start, a free one is chosen. Default: a free one. */
  readonly port?: number;
  /** Default: none. For tests only. */
  readonly password?: string;
}

export class LocalRedis {
  readonly #o: LocalRedisOptions;
  #port: number | null = null;
  #process: EngineProcess | null = null;

  constructor(options: LocalRedisOptions) {
    this.#o = options;
  }

  /** For REDIS_URL; known once it was started. */
  get url(): string {
    if (this.#port === null) throw new Error('Redis was not started yet');
    return redisUrl(this.#port, this.#o.password);
  }

  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  /** Settles when the running server ends. */
  get exited(): Promise<EngineExit> {
    if (this.#process === null) throw new Error('Redis does not run');
    return this.#process.exited;
  }

  lastLines(count?: number): string[] {
    return this.#process?.lastLines(count) ?? [];
  }

  /**
   * Starts the server and waits until it answers.
   * @throws ENGINE_PLATFORM, ENGINE_MAVEN_MISSING, ENGINE_DOWNLOAD_FAILED, ENGINE_CHECKSUM, ENGINE_DATA_IN_USE, ENGINE_START_FAILED
   */
  async start(): Promise<void> {
    const { env, log, logFile, password } = this.#o;
    const command = await provideArtifact(redisArtifact(process.platform, process.arch), { env, log });
    mkdirSync(this.#o.dir, { recursive: true, mode: 0o700 });
    const dir = realpathSync(this.#o.dir);
    const wanted = this.#o.port;
    this.#port ??= wanted !== undefined && (await portIsFree(wanted)) ? wanted : await freePort();
    const { url } = this;
    const secret = join(dir, 'fxtape-redis.conf');
    if (password !== undefined) writePrivate(secret, redisPasswordSetting(password));
    // The title stays the command line: it names the folder, by which a process that outlived us is known.
    const place = [
      ...(password === undefined ? [] : [secret]),
      '--set-proc-title',
      'no',
      '--bind',
      '127.0.0.1',
      '--port',
      String(this.#port),
      '--dir',
      dir,
    ];
    this.#process = await EngineProcess.start({
      title: 'Redis',
      command,
      args: [...place, ...redisArguments(redisSettings())],
      env,
      settings: {},
      dir,
      logFile,
      log,
      ready: () => redisAnswers(url),
      readyWithinMs: READY_MS,
    });
  }

  /** SIGTERM, then SIGKILL. Data and port stay for the next start. */
  async stop(): Promise<void> {
    await this.#process?.stop(STOP_MS);
    this.#process = null;
  }

  /** Ends it like a crash. Data and port stay for the next start. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.#process?.kill(signal);
    this.#process = null;
  }
}
