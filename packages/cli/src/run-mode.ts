// What is recorded: the accounts of the configuration, or the simulated gateway. In: the environment and which demonstration. Out: the
// configuration in force with the address of the gateway and the key of each account. `up` checks it before it starts anything.
import { type Config, DEMO, DEMO_API_KEY, demoConfig, loadConfig } from '@fxtape/config';
import { FxtapeError } from '@fxtape/ops';
import { type CliEnv, isDemo, readKey } from './env.ts';

export interface RunMode {
  /** Which demonstration, as in `FXTAPE_DEMO`; null for the accounts of the configuration. */
  readonly demo: string | null;
  readonly config: Config;
  readonly baseUrl: string;
  /** The key that a variable of the configuration holds; undefined when it is not given. */
  readonly keyOf: (variable: string) => string | undefined;
}

/** A demonstration when asked for, and when there is neither a configuration nor a key (see `isDemo`). @throws CONFIG_NOT_FOUND, CONFIG_UNREADABLE, CONFIG_INVALID, ENV_INVALID. */
export async function runMode(env: CliEnv): Promise<RunMode> {
  const demo = env.FXTAPE_DEMO ?? (isDemo(env) ? DEMO : null);
  if (demo === null) {
    const config = await loadConfig(env.FXTAPE_CONFIG);
    return { demo, config, baseUrl: env.FXSOCKET_BASE_URL, keyOf: readKey };
  }
  const simulatorUrl = `http://${env.FXTAPE_SIMULATOR_ADDR}`;
  return {
    demo,
    config: demoConfig({ simulatorUrl, demo }),
    baseUrl: simulatorUrl,
    keyOf: () => DEMO_API_KEY,
  };
}

/** @throws KEY_MISSING for the first account whose key is not given. */
export function requireKeys(mode: RunMode): void {
  for (const { keyVariable, name } of mode.config.accounts) {
    if (mode.keyOf(keyVariable) === undefined) throw keyMissing(keyVariable, name);
  }
}

export function keyMissing(variable: string, account: string): FxtapeError {
  return new FxtapeError({
    code: 'KEY_MISSING',
    message: `the account "${account}" needs a key, and ${variable} is not set`,
    hint: `Set ${variable} (or ${variable}_FILE) to an FxSocket key; a read-only one (fxs_ro_…) is enough`,
    context: { account, variable },
  });
}

/** A full key can trade; a recorder needs none that can. */
export function isFullKey(key: string): boolean {
  return key.startsWith('fxs_live_');
}
