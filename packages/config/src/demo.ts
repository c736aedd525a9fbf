// The configuration of the demonstrations. `demo`: everything that the simulated gateway streams, recorded under one account and one feed of
// that name; used when there is neither a configuration file nor a key. `real-…`: the one symbol of a file of ticks; the broker's clock
// shows an old day, and is known.
import type { Config } from './config.ts';
import { fileSchema } from './file-schema.ts';
import { resolve } from './resolve.ts';

/** The read-only key that the simulator accepts. */
export const DEMO_API_KEY = 'fxs_ro_demo';
export const DEMO = 'demo';

/** `demo`: what `FXTAPE_DEMO` names; a file of ticks has a name that begins with `real-`. */
export function demoConfig(options: { simulatorUrl: string; demo?: string }): Config {
  const { simulatorUrl, demo = DEMO } = options;
  const real = demo.startsWith('real-');
  const account = {
    name: real ? demo : DEMO,
    match: { nickname: real ? 'real' : 'demo*' },
    market_data: { feed: real ? demo : DEMO, symbols: ['*'] },
    account_data: ['deals', 'positions', 'account'],
    timeframes: ['M1'],
    ...(real ? { clock: { rule: 'America/New_York+7h', replayed: true } } : {}),
  };
  return resolve(fileSchema.parse({ accounts: [account] }), `demo (simulator at ${simulatorUrl})`);
}
