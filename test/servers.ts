// The servers of a run of integration or end-to-end tests: a QuestDB and a Redis for each worker, so that files which run side by side share
// none. Out: `servers` for `inject()`, see own-servers.ts. They are started once for all projects of a run, in Docker or locally as
// FXTAPE_TEST_ENGINES says. A test that hurts a server starts its own instead. A server that cannot be started fails the run: no test is
// skipped for want of it.
import { type QuestDbServer, type RedisServer, startQuestDb, startRedis } from '@fxtape/testkit';
import type { TestProject } from 'vitest/node';

interface Pair {
  questdb: { how: 'docker' | 'local'; conf: string; http: string; pg: string };
  redis: { how: 'docker' | 'local'; url: string };
}

declare module 'vitest' {
  interface ProvidedContext {
    servers: Pair[];
  }
}

type Started = Promise<readonly [QuestDbServer, RedisServer]>;

interface Servers {
  /** One for each worker. */
  readonly pairs: Started[];
  users: number;
}

// Each project loads this file anew, in one process.
const shared = globalThis as { [key: symbol]: Servers | undefined };
const key = Symbol.for('fxtape.test.servers');

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const servers = (shared[key] ??= { pairs: [], users: 0 });
  servers.users += 1;
  while (servers.pairs.length < project.config.maxWorkers) servers.pairs.push(startBoth());
  const pairs = await Promise.all(servers.pairs);
  project.provide(
    'servers',
    pairs.map(([{ conf, how, http, pg }, redis]) => ({
      questdb: { how, conf, http, pg },
      redis: { how: redis.how, url: redis.url },
    })),
  );
  return async () => {
    servers.users -= 1;
    if (servers.users > 0) return;
    shared[key] = undefined;
    await Promise.all((await Promise.all(servers.pairs)).flat().map((server) => server.close()));
  };
}

/** Both or none: when one does not start, the other is closed again. */
async function startBoth(): Promise<readonly [QuestDbServer, RedisServer]> {
  const [questdb, redis] = await Promise.allSettled([startQuestDb(), startRedis()]);
  if (questdb.status === 'fulfilled' && redis.status === 'fulfilled') return [questdb.value, redis.value];
  if (questdb.status === 'fulfilled') await questdb.value.close();
  if (redis.status === 'fulfilled') await redis.value.close();
  throw questdb.status === 'rejected' ? questdb.reason : (redis as PromiseRejectedResult).reason;
}
