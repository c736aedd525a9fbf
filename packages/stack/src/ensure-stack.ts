// Finds or starts QuestDB and Redis for `fxtape up`. In: the environment and the data folder. Out: their addresses, how each was obtained,
// and a stop for those started here. ensure-engine.ts chooses the engine.
import { resolve } from 'node:path';
import { type Env, FxtapeError, readVariable } from '@fxtape/ops';
import { type EngineKind, questDbKind, redisKind } from './engine-kinds.ts';
import { type EngineMode, type EngineOrigin, ensureEngine } from './ensure-engine.ts';
import type { StackLog } from './log.ts';
import { dockerVersion } from './probe.ts';
import type { QuestDbAddress } from './questdb-address.ts';

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

/**
 * @throws ENGINE_CHANGED, ENGINE_JAVA_MISSING, ENGINE_MAVEN_MISSING, ENGINE_DOCKER_MISSING and the other ENGINE_ codes, with what to do; what
 * was started until then is stopped again.
 */
export async function ensureStack(options: StackOptions): Promise<Stack> {
  const mode = options.mode ?? modeFrom(options.env);
  const o = { ...options, dataDir: resolve(options.dataDir), mode };
  const docker = dockerOnce(o);
  const ensure = <Address>(kind: EngineKind<Address>) => ensureEngine(kind, { ...o, docker });
  const [questdb, redis] = await Promise.allSettled([ensure(questDbKind), ensure(redisKind)]);
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

/** Asks for Docker at most once. @throws ENGINE_DOCKER_MISSING when only Docker will do. */
function dockerOnce(o: StackOptions & { readonly mode: EngineMode }): () => Promise<boolean> {
  let asked: Promise<boolean> | null = null;
  const ask = async () => {
    const version = await dockerVersion(o.env);
    if (version === null && o.mode === 'docker') {
      throw new FxtapeError({ code: 'ENGINE_DOCKER_MISSING', message: 'no Docker engine answers' });
    }
    return version !== null;
  };
  return () => (o.mode === 'local' ? Promise.resolve(false) : (asked ??= ask()));
}

function modeFrom(env: Env): EngineMode {
  const mode = readVariable('FXTAPE_ENGINES', env) ?? 'auto';
  if (mode === 'auto' || mode === 'docker' || mode === 'local') return mode;
  throw new FxtapeError({
    code: 'ENGINE_MODE_UNKNOWN',
    message: `FXTAPE_ENGINES is "${mode}", which is not a mode`,
  });
}
