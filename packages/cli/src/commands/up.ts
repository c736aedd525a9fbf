// `fxtape up`: QuestDB and Redis found or started, then the services, in the foreground with one log. Without a configuration and
// without a key it is the demonstration: the simulated gateway is recorded. A signal stops everything in reverse order.
import { existsSync, mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { DEMO_API_KEY } from '@fxtape/config';
import { createLog, type Env, Shutdown } from '@fxtape/ops';
import { hasKey, processEnv, readCliEnv } from '../env.ts';
import { type ServiceName, ServiceProcess } from '../service-process.ts';
import { ensureStack } from '../stack/index.ts';

const STOP_MS = 10_000;
const SERVICE_STOP_MS = 4000;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Resolves when everything runs; the process lives on until a signal. Errors: ENGINE_* and ENV_INVALID. */
export const up = async (options: { demo?: boolean }): Promise<void> => {
  const env = readCliEnv();
  const log = createLog({ service: 'fxtape', level: env.LOG_LEVEL });
  const shutdown = new Shutdown({ log, deadlineMs: STOP_MS });
  shutdown.onSignals();
  const dataDir = resolve(env.FXTAPE_DATA_DIR);
  mkdirSync(dataDir, { recursive: true });
  const demo = options.demo === true || (!existsSync(env.FXTAPE_CONFIG) && !hasKey());
  const stack = await ensureStack({
    env: processEnv(),
    dataDir,
    log: { info: (line) => log.info(line), warn: (line) => log.warn(line) },
  });
  shutdown.add('QuestDB and Redis', () => stack.stop());
  const shared: Env = { ...processEnv(), ...stack.env, FXTAPE_DATA_DIR: dataDir };
  const demoEnv = {
    FXSOCKET_BASE_URL: `http://${env.FXTAPE_SIMULATOR_ADDR}`,
    FXSOCKET_API_KEY: DEMO_API_KEY,
    FXTAPE_DEMO: '1',
  };
  const names: ServiceName[] = demo ? ['simulator', 'collector', 'console'] : ['collector', 'console'];
  for (const name of names) {
    const service = new ServiceProcess(name, demo ? { ...shared, ...demoEnv } : shared, say);
    shutdown.add(name, () => service.stop(SERVICE_STOP_MS));
    service.start();
  }
  const { httpUrl, pgUrl } = stack.questdb;
  say(
    [
      '',
      demo ? '  fxtape records the simulated gateway (no fxtape.yaml, no key).' : '  fxtape is recording.',
      `  SQL over HTTP        ${httpUrl}  (web console of QuestDB)`,
      `  SQL over PostgreSQL  ${pgUrl.replace(/:[^:@/]*@/, ':***@')}`,
      `  State and gaps       http://${env.FXTAPE_HTTP_ADDR}/api/streams  /api/gaps`,
      '  Try                  SELECT ts, symbol, bid, ask FROM ticks ORDER BY ts DESC LIMIT 10',
      '',
    ].join('\n'),
  );
};
