// QuestDB from its jar, as a child process on loopback. In: a folder for its data, and its passwords. Out: a server that answers, with its
// addresses. It reads the passwords from files in its folder, so that they stand neither in its command line nor in its environment.
// Its ports are chosen at the first start and kept, so that a server that was killed comes back where its clients look for it.
import { mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { Env } from '@fxtape/ops';
import { provideArtifact } from './artifact.ts';
import type { QuestDbCredentials } from './credentials.ts';
import { type EngineExit, EngineProcess } from './engine-process.ts';
import { questDbPasswordSettings, questDbSettings, type Settings } from './engine-settings.ts';
import { freePort, portIsFree } from './free-port.ts';
import { findJava } from './java.ts';
import type { StackLog } from './log.ts';
import { questDbArtifact } from './pinned.ts';
import { writePrivate } from './private-file.ts';
import { questDbAnswers } from './probe.ts';
import { type QuestDbAddress, questDbAddress } from './questdb-address.ts';

const READY_MS = 60_000;
const STOP_MS = 5000;

export interface QuestDbPorts {
  readonly http: number;
  readonly health: number;
  readonly pg: number;
}

export interface LocalQuestDbOptions {
  /** Folder of the server's data; made when missing. */
  readonly dir: string;
  readonly logFile: string;
  /** Where Java, Maven and the cache are looked for. */
  readonly env: Env;
  readonly log: StackLog;
  /** Wanted ports; one that is taken at the first start is replaced by a free one. Default: free ones. */
  readonly ports?: QuestDbPorts;
  /** Added to infra/questdb/server.env. */
  readonly settings?: Settings;
  /** Default: none, and everybody on this machine may do everything. For tests only. */
  readonly credentials?: QuestDbCredentials;
}

export class LocalQuestDb {
  readonly #o: LocalQuestDbOptions;
  #ports: QuestDbPorts | null = null;
  #process: EngineProcess | null = null;

  constructor(options: LocalQuestDbOptions) {
    this.#o = options;
  }

  /** Known once it was started. */
  get ports(): QuestDbPorts {
    if (this.#ports === null) throw new Error('QuestDB was not started yet');
    return this.#ports;
  }

  /** Addresses; known once it was started. */
  get address(): QuestDbAddress {
    return questDbAddress(this.ports.http, this.ports.pg, this.#o.credentials);
  }

  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  /** Settles when the running server ends. */
  get exited(): Promise<EngineExit> {
    if (this.#process === null) throw new Error('QuestDB does not run');
    return this.#process.exited;
  }

  lastLines(count?: number): string[] {
    return this.#process?.lastLines(count) ?? [];
  }

  /**
   * Starts the server and waits until it answers a query.
   * @throws ENGINE_JAVA_MISSING, ENGINE_MAVEN_MISSING, ENGINE_DOWNLOAD_FAILED, ENGINE_CHECKSUM, ENGINE_DATA_IN_USE, ENGINE_START_FAILED
   */
  async start(): Promise<void> {
    const { credentials, env, log, settings } = this.#o;
    const java = await findJava(env);
    const jar = await provideArtifact(questDbArtifact, { env, log });
    mkdirSync(this.#o.dir, { recursive: true, mode: 0o700 });
    const dir = realpathSync(this.#o.dir);
    const ports = (this.#ports ??= await choosePorts(this.#o.ports));
    const { httpUrl } = this.address;
    this.#process = await EngineProcess.start({
      title: 'QuestDB',
      command: java.command,
      args: [...jvmArguments(java.major), '-cp', jar, 'io.questdb.ServerMain', '-d', dir],
      env,
      settings: {
        // Only errors and announcements: at INFO it writes a line for every request.
        QDB_LOG_W_STDOUT_LEVEL: 'ERROR',
        ...questDbSettings(),
        ...(credentials === undefined ? {} : questDbPasswordSettings(writePasswords(dir, credentials))),
        ...settings,
        QDB_HTTP_BIND_TO: `127.0.0.1:${ports.http}`,
        QDB_HTTP_MIN_NET_BIND_TO: `127.0.0.1:${ports.health}`,
        QDB_PG_NET_BIND_TO: `127.0.0.1:${ports.pg}`,
      },
      dir,
      logFile: this.#o.logFile,
      log,
      ready: () => questDbAnswers(httpUrl, credentials?.admin),
      readyWithinMs: READY_MS,
    });
  }

  /** SIGTERM, then SIGKILL. Data and ports stay for the next start. */
  async stop(): Promise<void> {
    await this.#process?.stop(STOP_MS);
    this.#process = null;
  }

  /** Ends it like a crash. Data and ports stay for the next start. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.#process?.kill(signal);
    this.#process = null;
  }
}

/** Heap and collector as measured for this server; newer JVMs warn about two things that QuestDB does. */
export function jvmArguments(major: number): string[] {
  const quiet = ['--sun-misc-unsafe-memory-access=allow', '--enable-native-access=ALL-UNNAMED'];
  return ['-Xms64m', '-Xmx512m', '-XX:+UseParallelGC', ...(major >= 24 ? quiet : [])];
}

async function choosePorts(wanted?: QuestDbPorts): Promise<QuestDbPorts> {
  const choose = async (port: number | undefined) =>
    port !== undefined && (await portIsFree(port)) ? port : await freePort();
  return {
    http: await choose(wanted?.http),
    health: await choose(wanted?.health),
    pg: await choose(wanted?.pg),
  };
}

/** Where the server finds its passwords from now on. */
function writePasswords(dir: string, { admin, reader }: QuestDbCredentials) {
  const paths = { admin: join(dir, 'fxtape-admin-password'), reader: join(dir, 'fxtape-reader-password') };
  writePrivate(paths.admin, `${admin}\n`);
  writePrivate(paths.reader, `${reader}\n`);
  return paths;
}
