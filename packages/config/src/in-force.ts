// The configuration in force, and the variables that locate it and the engines. In: the environment, read and checked. Out: the
// configuration, or that of a demonstration, and later each change. An invalid change is logged, and the previous configuration stays.
import { addressOf, type Log, type Shutdown } from '@fxtape/ops';
import { z } from 'zod';
import type { Config } from './config.ts';
import { demoConfig } from './demo.ts';
import { loadConfig } from './load.ts';
import { watchConfig } from './watch.ts';

export const configVariables = {
  FXTAPE_CONFIG: z.string().default('./fxtape.yaml'),
  /** Which demonstration is recorded: `demo`, or the name of a file of ticks (real-….). */
  FXTAPE_DEMO: z.string().optional(),
  FXSOCKET_BASE_URL: z.url().default('https://api.fxsocket.com'),
};

export const engineVariables = {
  QDB_CLIENT_CONF: z.string().default('http::addr=127.0.0.1:9000;'),
  REDIS_URL: addressOf(/^rediss?$/, 'redis://127.0.0.1:6379').default('redis://127.0.0.1:6379'),
};

type ConfigEnv = z.output<z.ZodObject<typeof configVariables>>;

/** @throws CONFIG_NOT_FOUND, CONFIG_UNREADABLE, CONFIG_INVALID. */
export const configInForce = async (env: ConfigEnv): Promise<Config> =>
  env.FXTAPE_DEMO === undefined
    ? loadConfig(env.FXTAPE_CONFIG)
    : demoConfig({ simulatorUrl: env.FXSOCKET_BASE_URL, demo: env.FXTAPE_DEMO });

/** Calls back with each configuration that differs from the one before, until the stop. A demonstration does not change. */
export function followConfig(
  env: ConfigEnv,
  current: Config,
  { log, shutdown }: { readonly log: Log; readonly shutdown: Shutdown },
  onChange: (next: Config) => void | Promise<void>,
): void {
  if (env.FXTAPE_DEMO !== undefined) return;
  const onError = (error: unknown): void =>
    log.error(
      { err: error },
      'cannot use the changed configuration; the previous one stays in force until you correct the file',
    );
  const onFailure = (error: unknown): void =>
    log.error({ err: error }, 'cannot apply all of the changed configuration; restart the service');
  const change = (next: Config): void => void (async () => onChange(next))().catch(onFailure);
  // Passing `current` reports an edit made between the first read and the start of the watch.
  const watch = watchConfig(env.FXTAPE_CONFIG, change, onError, { current });
  shutdown.add('configuration', async () => watch.close());
}
