// A QuestDB for tests with its own data and the settings of infra/questdb. Out: its addresses, and ways to stop, kill and freeze it. Data and ports
// survive stop and kill; `close` removes them.
import {
  LocalQuestDb,
  QUESTDB_IMAGE,
  questDbAddress,
  questDbAnswers,
  questDbContainerSettings,
} from '@fxtape/stack';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runContainer } from './container.ts';
import { engineLog, inDockerOrLocal } from './engine-choice.ts';
import { machineEnv } from './env.ts';
import { tempDir } from './temp-dir.ts';
import { until } from './until.ts';

export interface QuestDbServer {
  readonly how: 'docker' | 'local';
  /** For QDB_CLIENT_CONF. */
  readonly conf: string;
  /** `http://127.0.0.1:port`. */
  readonly http: string;
  /** For QUESTDB_PG_URL. */
  readonly pg: string;
  /** Starts it again and waits until it answers. */
  start(): Promise<void>;
  /** SIGTERM, and waits until it is gone. */
  stop(): Promise<void>;
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<void>;
  /** Until `thaw` it keeps its sockets and answers nothing. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** Stops it and removes its data. */
  close(): Promise<void>;
}

/** Starts a QuestDB and waits until it answers a query. `settings` are added to those of infra/questdb/server.env. */
export function startQuestDb(settings: Readonly<Record<string, string>> = {}): Promise<QuestDbServer> {
  return inDockerOrLocal('QuestDB', { docker: () => inDocker(settings), local: () => locally(settings) });
}

async function inDocker(settings: Readonly<Record<string, string>>): Promise<QuestDbServer> {
  const container = await runContainer({
    image: QUESTDB_IMAGE,
    environment: { ...questDbContainerSettings(), ...settings },
    command: [],
    ports: [9000, 8812],
    ready: (port) => questDbAnswers(`http://127.0.0.1:${port(9000)}`),
  });
  const { conf, httpUrl, pgUrl } = questDbAddress(container.port(9000), container.port(8812));
  return { how: 'docker', conf, http: httpUrl, pg: pgUrl, ...container, close: () => container.remove() };
}

async function locally(settings: Readonly<Record<string, string>>): Promise<QuestDbServer> {
  const dir = tempDir('questdb');
  const engine = new LocalQuestDb({
    dir: join(dir.path, 'data'),
    logFile: join(dir.path, 'questdb.log'),
    env: machineEnv(),
    log: engineLog,
    settings,
  });
  await engine.start();
  const { conf, httpUrl, pgUrl } = engine.address;
  return {
    how: 'local',
    conf,
    http: httpUrl,
    pg: pgUrl,
    start: () => engine.start(),
    stop: () => engine.stop(),
    kill: () => engine.kill(),
    freeze: () => freeze(engine.pid),
    thaw: async () => signal(engine.pid, 'SIGCONT'),
    close: async () => {
      await engine.kill();
      await dir.remove();
    },
  };
}

/** @throws Error when the server is not running */
export function signal(pid: number | null, name: NodeJS.Signals): void {
  if (pid === null) throw new Error('the server is not running');
  process.kill(pid, name);
}

/** SIGSTOP, and waits until every thread has stopped: on a busy machine one may still answer a request. */
async function freeze(pid: number | null): Promise<void> {
  signal(pid, 'SIGSTOP');
  const threads = `/proc/${pid}/task`;
  if (!existsSync(threads)) return;
  const stands = (thread: string): boolean =>
    / T /.test(readFileSync(join(threads, thread, 'stat'), 'latin1').replace(/^.*\)/, ''));
  await until(() => readdirSync(threads).every(stands), {
    what: 'QuestDB to stop',
    deadlineMs: 10_000,
    everyMs: 5,
  });
}
