// `fxtape config show|schema`: the configuration in force, and the JSON Schema of fxtape.yaml for editors. In: the configuration and the
// environment. Out: YAML that can be read back as a configuration, with the environment as comments; or one JSON document. No secret is
// shown: for keys and tokens only whether they are set.
import { configDocument, configJsonSchema, showConfig } from '@fxtape/config';
import { readRunningEnv } from '../env.ts';
import { environmentInForce } from '../environment.ts';
import { out } from '../print/out.ts';
import { runMode } from '../run-mode.ts';

/** Errors: CONFIG_*, ENV_INVALID. */
export async function configShow(options: { json?: boolean }): Promise<void> {
  const env = readRunningEnv();
  const mode = await runMode(env);
  const variables = mode.demo !== null ? [] : mode.config.accounts.map(({ keyVariable }) => keyVariable);
  const environment = environmentInForce({ ...env, FXSOCKET_BASE_URL: mode.baseUrl }, variables);
  if (options.json === true) {
    const config = configDocument(mode.config);
    const document = { source: mode.config.source, demo: mode.demo !== null, config, environment };
    out(`${JSON.stringify(document, null, 2)}\n`);
    return;
  }
  const lines = Object.entries(environment).map(
    ([name, { from, value }]) => `#   ${name}=${value}  (${from})`,
  );
  out(`${showConfig(mode.config)}# environment\n${lines.join('\n')}\n`);
}

export function configSchema(): void {
  out(`${JSON.stringify(configJsonSchema(), null, 2)}\n`);
}
