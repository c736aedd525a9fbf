// The simulator's environment variables. Addresses and defaults are those of the design; the scenario is a JSON file.

import { listenAddr, readEnv, serviceVariables } from '@fxtape/ops';
import { z } from 'zod';

const schema = z.object({
  ...serviceVariables,
  FXTAPE_SIMULATOR_ADDR: listenAddr('127.0.0.1:7080'),
  FXTAPE_SIMULATOR_CONTROL_ADDR: listenAddr('127.0.0.1:7081'),
  /** Asked for in the header `X-Control-Key` of the control API; without it nothing is asked for. */
  FXTAPE_SIMULATOR_CONTROL_KEY: z.string().min(1).optional(),
  /** Path of a scenario; without it the demo runs. */
  FXTAPE_SIMULATOR_SCENARIO: z.string().optional(),
  /** Path of a file of real ticks to play instead of the made-up market of the demo. */
  FXTAPE_DEMO_TICKS: z.string().optional(),
  /** What they are ticks of; default: what the name of the file tells. */
  FXTAPE_DEMO_SYMBOL: z.string().optional(),
  /** Seconds of the file in one second. */
  FXTAPE_DEMO_SPEED: z.coerce.number().positive('must be a number above 0').default(1),
});

export type SimulatorEnv = z.output<typeof schema>;

/** Throws ENV_INVALID. */
export function simulatorEnv(): SimulatorEnv {
  return readEnv(schema);
}
