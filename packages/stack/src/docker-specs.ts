// QuestDB and Redis as Docker containers: which image, which settings, where the data are. In: the data folder and its passwords. Out: the specs that
// docker-engine.ts runs. The settings are those of infra/; only the addresses differ, because a container listens on all of its own.
import type { Env } from '@fxtape/ops';
import type { Credentials } from './credentials.ts';
import { type DockerSpec, SECRETS_PATH } from './docker-engine.ts';
import {
  questDbPasswordSettings,
  questDbSettings,
  redisArguments,
  redisPasswordSetting,
  redisSettings,
} from './engine-settings.ts';
import { jvmArguments } from './local-questdb.ts';
import type { StackLog } from './log.ts';
import { QUESTDB_IMAGE, REDIS_IMAGE } from './pinned.ts';
import { questDbAnswers, redisAnswers } from './probe.ts';
import { redisUrl } from './redis-url.ts';

interface Where {
  readonly dataDir: string;
  readonly credentials: Credentials;
  readonly ports: readonly number[];
  readonly env: Env;
  readonly log: StackLog;
}

/** The variables of a QuestDB container: the settings of infra/questdb, listening on the container's own addresses. */
export function questDbContainerSettings(): Record<string, string> {
  return {
    QDB_LOG_W_STDOUT_LEVEL: 'ERROR',
    ...questDbSettings(),
    QDB_HTTP_BIND_TO: '0.0.0.0:9000',
    QDB_HTTP_MIN_NET_BIND_TO: '0.0.0.0:9003',
    QDB_PG_NET_BIND_TO: '0.0.0.0:8812',
    // Every JVM reads it, whichever way an image starts its server.
    JAVA_TOOL_OPTIONS: jvmArguments(17).join(' '),
  };
}

/** The arguments of a Redis container; `file`: of settings that hold its password. */
export function redisContainerArguments(file?: string): string[] {
  return ['redis-server', ...(file === undefined ? [] : [file]), ...redisArguments(redisSettings())];
}

export function dockerQuestDb(where: Where): DockerSpec {
  const { admin, reader } = where.credentials.questdb;
  const files = { admin: `${SECRETS_PATH}/admin`, reader: `${SECRETS_PATH}/reader` };
  return {
    ...where,
    title: 'QuestDB',
    name: 'questdb',
    image: QUESTDB_IMAGE,
    settings: { ...questDbContainerSettings(), ...questDbPasswordSettings(files) },
    secrets: { admin, reader },
    args: [],
    volumePath: '/var/lib/questdb',
    inside: [9000, 9003, 8812],
    ready: (port) => questDbAnswers(`http://127.0.0.1:${port(9000)}`, admin),
  };
}

export function dockerRedis(where: Where): DockerSpec {
  const password = where.credentials.redis;
  return {
    ...where,
    title: 'Redis',
    name: 'redis',
    image: REDIS_IMAGE,
    settings: {},
    secrets: { 'redis.conf': redisPasswordSetting(password) },
    args: redisContainerArguments(`${SECRETS_PATH}/redis.conf`),
    volumePath: '/data',
    inside: [6379],
    ready: (port) => redisAnswers(redisUrl(port(6379), password)),
  };
}
