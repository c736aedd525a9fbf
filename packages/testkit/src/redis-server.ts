// A Redis for tests with its own data and the settings of infra/redis. Out: its URL, and ways to stop, kill and empty it. Data and port survive stop and
// kill; `close` removes them.
import { LocalRedis, REDIS_IMAGE, redisAnswers, redisContainerArguments } from '@fxtape/stack';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { runContainer } from './container.ts';
import { engineLog, inDockerOrLocal } from './engine-choice.ts';
import { machineEnv } from './env.ts';
import { tempDir } from './temp-dir.ts';

export interface RedisServer {
  readonly how: 'docker' | 'local';
  /** For REDIS_URL. */
  readonly url: string;
  /** Starts it again and waits until it answers. */
  start(): Promise<void>;
  /** SIGTERM, and waits until it is gone. */
  stop(): Promise<void>;
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<void>;
  /** Removes every key. */
  empty(): Promise<void>;
  /** Stops it and removes its data. */
  close(): Promise<void>;
}

/** Starts a Redis and waits until it answers PING. */
export function startRedis(): Promise<RedisServer> {
  return inDockerOrLocal('Redis', { docker: inDocker, local: locally });
}

async function inDocker(): Promise<RedisServer> {
  const container = await runContainer({
    image: REDIS_IMAGE,
    environment: {},
    command: redisContainerArguments(),
    ports: [6379],
    ready: (port) => redisAnswers(`redis://127.0.0.1:${port(6379)}`),
  });
  const url = `redis://127.0.0.1:${container.port(6379)}`;
  return {
    how: 'docker',
    url,
    ...container,
    empty: () => flushAll(url),
    close: () => container.remove(),
  };
}

async function locally(): Promise<RedisServer> {
  const dir = tempDir('redis');
  const engine = new LocalRedis({
    dir: join(dir.path, 'data'),
    logFile: join(dir.path, 'redis.log'),
    env: machineEnv(),
    log: engineLog,
  });
  await engine.start();
  return {
    how: 'local',
    url: engine.url,
    start: () => engine.start(),
    stop: () => engine.stop(),
    kill: () => engine.kill(),
    empty: () => flushAll(engine.url),
    close: async () => {
      await engine.kill();
      await dir.remove();
    },
  };
}

async function flushAll(url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.write('FLUSHALL\r\n');
  await once(socket, 'data');
  socket.destroy();
}
