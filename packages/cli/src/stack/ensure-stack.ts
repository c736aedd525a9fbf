// Finds or starts QuestDB and Redis for `fxtape up`. In: the environment and the data folder. Out: their addresses, how each was come
// by, and a stop for those that were started here. The order: given by the environment → one that answers at the default address →
// Docker → the pinned local binaries. A given server that does not answer is used all the same: the tape records without it.
import { join, resolve } from 'node:path';
import { type Env, readVariable } from '@fxtape/ops';
import { provideCredentials } from './credentials.ts';
import { DockerEngine } from './docker-engine.ts';
import { dockerQuestDb, dockerRedis } from './docker-specs.ts';
import { engineError } from './engine-error.ts';
import { KeptEngine } from './kept-engine.ts';
import { LocalQuestDb } from './local-questdb.ts';
import { LocalRedis } from './local-redis.ts';
import type { StackLog } from './log.ts';
import { dockerVersion, httpAnswers, questDbAnswers, redisAnswers } from './probe.ts';
import {
  DEFAULT_QUESTDB_PORTS,
  givenQuestDb,
  type QuestDbAddress,
  questDbAddress,
} from './questdb-address.ts';
import { redisUrl } from './redis-url.ts';

/** `auto` follows the order above; the others use only that kind where nothing is given, and start their own. */
export type EngineMode = 'auto' | 'docker' | 'local';
export type EngineOrigin = 'given' | 'found' | 'docker' | 'local';

export interface Stack {
  readonly questdb: QuestDbAddress & { readonly how: EngineOrigin };
  readonly redis: { readonly url: string; readonly how: EngineOrigin };
  /** The variables to hand to every service. */
  readonly env: {
    readonly QDB_CLIENT_CONF: string;
    readonly QUESTDB_PG_URL: string;
    /** Absent where no user that only reads is known. */
    readonly QUESTDB_READER_URL?: string;
    readonly REDIS_URL: string;
  };
  /** Stops what was started here, and nothing else. */
  stop(): Promise<void>;
}

export interface StackOptions {
  readonly env: Env;
  readonly dataDir: string;
  readonly log: StackLog;
  /** Default: FXTAPE_ENGINES, else `auto`. */
  readonly mode?: EngineMode;
}

interface Started<Address> {
  readonly address: Address;
  readonly how: EngineOrigin;
  readonly stop: () => Promise<void>;
}

/**
 * @throws ENGINE_JAVA_MISSING, ENGINE_MAVEN_MISSING, ENGINE_DOCKER_MISSING and the other ENGINE_ codes, with what to install; what was
 * started until then is stopped again.
 */
export async function ensureStack(options: StackOptions): Promise<Stack> {
  const o = { ...options, dataDir: resolve(options.dataDir), mode: options.mode ?? modeFrom(options.env) };
  const docker = dockerOnce(o);
  const [questdb, redis] = await Promise.allSettled([ensureQuestDb(o, docker), ensureRedis(o, docker)]);
  if (questdb.status === 'rejected' || redis.status === 'rejected') {
    if (questdb.status === 'fulfilled') await questdb.value.stop();
    if (redis.status === 'fulfilled') await redis.value.stop();
    throw questdb.status === 'rejected' ? questdb.reason : (redis as PromiseRejectedResult).reason;
  }
  const { address, how } = questdb.value;
  return {
    questdb: { ...address, how },
    redis: { url: redis.value.address, how: redis.value.how },
    env: {
      QDB_CLIENT_CONF: address.conf,
      QUESTDB_PG_URL: address.pgUrl,
      ...(address.readerUrl === null ? {} : { QUESTDB_READER_URL: address.readerUrl }),
      REDIS_URL: redis.value.address,
    },
    stop: async () => {
      await Promise.all([redis.value.stop(), questdb.value.stop()]);
    },
  };
}

type Options = StackOptions & { readonly mode: EngineMode };
type DockerCheck = () => Promise<boolean>;

async function ensureQuestDb(o: Options, docker: DockerCheck): Promise<Started<QuestDbAddress>> {
  const given = givenQuestDb(o.env);
  if (given !== null) {
    const answers = await httpAnswers(given.httpUrl);
    tellGiven(o.log, 'QuestDB', given.httpUrl, answers);
    return { address: given, how: 'given', stop: nothingToStop };
  }
  const standard = questDbAddress(DEFAULT_QUESTDB_PORTS.http, DEFAULT_QUESTDB_PORTS.pg);
  if (o.mode === 'auto' && (await questDbAnswers(standard.httpUrl))) {
    o.log.info(`Using the QuestDB that answers at ${standard.httpUrl}`);
    return { address: standard, how: 'found', stop: nothingToStop };
  }
  if (await docker()) {
    const credentials = provideCredentials(o.dataDir);
    const engine = new DockerEngine(dockerQuestDb({ ...o, credentials }));
    if (await startInDocker(engine, o)) {
      const address = questDbAddress(engine.port(9000), engine.port(8812), credentials.questdb);
      o.log.info(`QuestDB runs in Docker: ${address.httpUrl}`);
      return { address, how: 'docker', stop: () => engine.stop() };
    }
  }
  const engine = new LocalQuestDb({
    ...local(o, 'questdb'),
    ports: DEFAULT_QUESTDB_PORTS,
    credentials: provideCredentials(o.dataDir).questdb,
  });
  const kept = new KeptEngine(engine, { title: 'QuestDB', log: o.log });
  o.log.info('Starting QuestDB');
  await kept.start();
  o.log.info(`QuestDB runs: ${engine.address.httpUrl}`);
  return { address: engine.address, how: 'local', stop: () => kept.stop() };
}

async function ensureRedis(o: Options, docker: DockerCheck): Promise<Started<string>> {
  const given = readVariable('REDIS_URL', o.env);
  if (given !== undefined) {
    tellGiven(o.log, 'Redis', new URL(given).host, await redisAnswers(given));
    return { address: given, how: 'given', stop: nothingToStop };
  }
  const standard = 'redis://127.0.0.1:6379';
  if (o.mode === 'auto' && (await redisAnswers(standard))) {
    o.log.info(`Using the Redis that answers at ${standard}`);
    return { address: standard, how: 'found', stop: nothingToStop };
  }
  if (await docker()) {
    const credentials = provideCredentials(o.dataDir);
    const engine = new DockerEngine(dockerRedis({ ...o, credentials }));
    if (await startInDocker(engine, o)) {
      const address = redisUrl(engine.port(6379), credentials.redis);
      o.log.info(`Redis runs in Docker on port ${engine.port(6379)}`);
      return { address, how: 'docker', stop: () => engine.stop() };
    }
  }
  const password = provideCredentials(o.dataDir).redis;
  const engine = new LocalRedis({ ...local(o, 'redis'), port: 6379, password });
  const kept = new KeptEngine(engine, { title: 'Redis', log: o.log });
  await kept.start();
  o.log.info(`Redis runs on port ${new URL(engine.url).port}`);
  return { address: engine.url, how: 'local', stop: () => kept.stop() };
}

function local(o: Options, name: string) {
  const logFile = join(o.dataDir, 'run', `${name}.log`);
  return { dir: join(o.dataDir, name), logFile, env: o.env, log: o.log };
}

/** False when the container could not be started and local binaries may be tried instead. */
async function startInDocker(engine: DockerEngine, o: Options): Promise<boolean> {
  try {
    await engine.start();
    return true;
  } catch (error) {
    if (o.mode === 'docker') throw error;
    o.log.warn(`${error instanceof Error ? error.message : String(error)}. Trying the local binaries`);
    return false;
  }
}

/** Asks for Docker at most once. @throws ENGINE_DOCKER_MISSING when only Docker will do. */
function dockerOnce(o: Options): DockerCheck {
  let asked: Promise<boolean> | null = null;
  const ask = async () => {
    const version = await dockerVersion(o.env);
    if (version === null && o.mode === 'docker') {
      throw engineError(
        'ENGINE_DOCKER_MISSING',
        'no Docker engine answers',
        'Start Docker, or leave FXTAPE_ENGINES away and install a JDK 17 or newer with Maven',
      );
    }
    return version !== null;
  };
  return () => (o.mode === 'local' ? Promise.resolve(false) : (asked ??= ask()));
}

function modeFrom(env: Env): EngineMode {
  const mode = readVariable('FXTAPE_ENGINES', env) ?? 'auto';
  if (mode === 'auto' || mode === 'docker' || mode === 'local') return mode;
  throw engineError(
    'ENGINE_MODE_UNKNOWN',
    `FXTAPE_ENGINES is "${mode}"`,
    'Write auto, docker or local, or remove the variable',
  );
}

function tellGiven(log: StackLog, title: string, where: string, answers: boolean): void {
  if (answers) log.info(`Using the given ${title} at ${where}`);
  else log.warn(`The given ${title} at ${where} does not answer yet: recording goes on without it`);
}

async function nothingToStop(): Promise<void> {
  // It was here before, so it stays.
}
