// QuestDB and Redis as engines that can be found or started. In: the environment, the data folder, its passwords. Out: for each engine its
// given address, its default address, and how to start it in Docker or from local binaries.
import { join } from 'node:path';
import { type Env, readVariable } from '@fxtape/ops';
import type { Credentials } from './credentials.ts';
import { DockerEngine } from './docker-engine.ts';
import { dockerQuestDb, dockerRedis } from './docker-specs.ts';
import type { EngineName } from './engine-memory.ts';
import type { Engine } from './kept-engine.ts';
import { LocalQuestDb } from './local-questdb.ts';
import { LocalRedis } from './local-redis.ts';
import type { StackLog } from './log.ts';
import { httpAnswers, holdsRecording, redisAnswers } from './probe.ts';
import {
  DEFAULT_QUESTDB_PORTS,
  givenQuestDb,
  type QuestDbAddress,
  questDbAddress,
} from './questdb-address.ts';
import { redisUrl } from './redis-url.ts';

export interface Place {
  readonly dataDir: string;
  readonly env: Env;
  readonly log: StackLog;
  readonly credentials: Credentials;
  /** Wanted; one that is taken is replaced by a free one. */
  readonly ports: readonly number[];
}

/** An engine that is started, and where it listens once it was. */
export interface Startable<E, Address> {
  readonly engine: E;
  readonly address: () => Address;
  readonly ports: () => number[];
}

export interface EngineKind<Address> {
  readonly name: EngineName;
  /** For messages. */
  readonly title: string;
  /** The variable that names one. */
  readonly variable: string;
  readonly ports: readonly number[];
  /** What the environment names. @throws as the reading of its variables */
  given(env: Env): { readonly address: Address; readonly where: string; answers(): Promise<boolean> } | null;
  /** One at the default address that asks for no password. */
  readonly standard: { readonly address: Address; readonly where: string; isOurs(): Promise<boolean> };
  docker(place: Place): Startable<DockerEngine, Address>;
  local(place: Place): Startable<Engine, Address>;
}

const standardQuestDb = questDbAddress(DEFAULT_QUESTDB_PORTS.http, DEFAULT_QUESTDB_PORTS.pg);

export const questDbKind: EngineKind<QuestDbAddress> = {
  name: 'questdb',
  title: 'QuestDB',
  variable: 'QDB_CLIENT_CONF',
  ports: [DEFAULT_QUESTDB_PORTS.http, DEFAULT_QUESTDB_PORTS.health, DEFAULT_QUESTDB_PORTS.pg],
  given: (env) => {
    const address = givenQuestDb(env);
    if (address === null) return null;
    return { address, where: new URL(address.httpUrl).host, answers: () => httpAnswers(address.httpUrl) };
  },
  standard: {
    address: standardQuestDb,
    where: new URL(standardQuestDb.httpUrl).host,
    isOurs: () => holdsRecording(standardQuestDb.httpUrl),
  },
  docker: (place) => {
    const engine = new DockerEngine(dockerQuestDb(place));
    const { questdb } = place.credentials;
    return {
      engine,
      address: () => questDbAddress(engine.port(9000), engine.port(8812), questdb),
      ports: () => [9000, 9003, 8812].map((inside) => engine.port(inside)),
    };
  },
  local: (place) => {
    const [http = 0, health = 0, pg = 0] = place.ports;
    const credentials = place.credentials.questdb;
    const engine = new LocalQuestDb({
      ...folders(place, 'questdb'),
      ports: { http, health, pg },
      credentials,
    });
    return { engine, address: () => engine.address, ports: () => Object.values(engine.ports) };
  },
};

const REDIS_PORT = 6379;

export const redisKind: EngineKind<string> = {
  name: 'redis',
  title: 'Redis',
  variable: 'REDIS_URL',
  ports: [REDIS_PORT],
  given: (env) => {
    const url = readVariable('REDIS_URL', env);
    if (url === undefined) return null;
    return { address: url, where: new URL(url).host, answers: () => redisAnswers(url) };
  },
  standard: {
    address: redisUrl(REDIS_PORT),
    where: `127.0.0.1:${REDIS_PORT}`,
    isOurs: () => redisAnswers(redisUrl(REDIS_PORT)),
  },
  docker: (place) => {
    const engine = new DockerEngine(dockerRedis(place));
    return {
      engine,
      address: () => redisUrl(engine.port(REDIS_PORT), place.credentials.redis),
      ports: () => [engine.port(REDIS_PORT)],
    };
  },
  local: (place) => {
    const [port = 0] = place.ports;
    const engine = new LocalRedis({ ...folders(place, 'redis'), port, password: place.credentials.redis });
    return { engine, address: () => engine.url, ports: () => [Number(new URL(engine.url).port)] };
  },
};

function folders({ dataDir, env, log }: Place, name: EngineName) {
  return { dir: join(dataDir, name), logFile: join(dataDir, 'run', `${name}.log`), env, log };
}
