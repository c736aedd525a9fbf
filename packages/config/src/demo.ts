// The configuration of the demonstrations. `demo`, used when there is neither a configuration file nor a key: everything that the simulated
// gateway streams of its first broker, and a little of two others with other symbol names and clocks. `real-…`: the one symbol of a tick
// file; the broker's clock shows an old day, and its rule is known.
import type { Config } from './config.ts';
import { type AccountEntry, fileSchema } from './file-schema.ts';
import { resolve } from './resolve.ts';

/** The read-only key that the simulator accepts. */
export const DEMO_API_KEY = 'fxs_ro_demo';
export const DEMO = 'demo';

const FEW = ['EURUSD*', 'GBPUSD*', 'XAUUSD*', 'BTCUSD*'];

/** `demo`: what `FXTAPE_DEMO` names; a file of ticks has a name that begins with `real-`. */
export function demoConfig(options: { simulatorUrl: string; demo?: string }): Config {
  const { simulatorUrl, demo = DEMO } = options;
  const accounts = demo.startsWith('real-')
    ? [
        {
          ...account(demo, 'real', ['*'], { rule: 'America/New_York+7h', replayed: true }),
          // There is nothing before the file, and no tick of it is told twice.
          backfill: { ticks: false },
        },
      ]
    : [
        account(DEMO, 'demo*', ['*'], 'auto'),
        // Known, as one knows one's broker; the others are inferred.
        account('demo-four', 'four', FEW, 'UTC+2h'),
        account('demo-netting', 'netting', FEW, 'auto'),
      ];
  return resolve(fileSchema.parse({ accounts }), `demo (simulator at ${simulatorUrl})`);
}

const account = (
  name: string,
  nickname: string,
  symbols: string[],
  clock: AccountEntry['clock'],
): AccountEntry => ({
  name,
  match: { nickname },
  // The simulator beside us in a network of containers.
  allow_http: true,
  market_data: { feed: name, symbols },
  timeframes: ['M1'],
  clock,
});
