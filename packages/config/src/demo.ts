// The configuration of the demonstration: everything that the simulated gateway streams, recorded under one account and one feed
// called `demo`. Used when there is neither a configuration file nor a key.
import type { Config } from './config.ts';
import { fileSchema } from './file-schema.ts';
import { resolve } from './resolve.ts';

/** The read-only key that the simulator accepts. */
export const DEMO_API_KEY = 'fxs_ro_demo';

export function demoConfig(options: { simulatorUrl: string }): Config {
  const file = fileSchema.parse({
    accounts: [
      {
        name: 'demo',
        match: { nickname: 'demo*' },
        market_data: { feed: 'demo', symbols: ['*'] },
        account_data: ['deals', 'positions', 'account'],
        timeframes: ['M1'],
      },
    ],
  });
  return resolve(file, `demo (simulator at ${options.simulatorUrl})`);
}
