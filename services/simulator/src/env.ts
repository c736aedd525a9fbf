// The simulator's environment variables. The scenario is a JSON file.

import { listenAddr, readEnv, serviceVariables } from '@fxtape/ops';
import { z } from 'zod';

const schema = z.object({
  ...serviceVariables,
  FXTAPE_SIMULATOR_ADDR: listenAddr('127.0.0.1:7080'),
  FXTAPE_SIMULATOR_CONTROL_ADDR: listenAddr('127.0.0.1:7081'),
  /** Key of the control API, sent in the header `X-Control-Key`; default: none required. */
  FXTAPE_SIMULATOR_CONTROL_KEY: z.string().min(1).optional(),
  /** Path of a scenario; default: the demonstration. */
  FXTAPE_SIMULATOR_SCENARIO: z.string().optional(),
  /** Path of a file of real ticks to replay in the demonstration. */
  FXTAPE_DEMO_TICKS: z.string().optional(),
  /** The file's symbol; default: taken from its name. */
  FXTAPE_DEMO_SYMBOL: z.string().optional(),
  /** Seconds of the file per second. */
  FXTAPE_DEMO_SPEED: z.coerce.number().positive('must be a number above 0').default(1),
});

export type SimulatorEnv = z.output<typeof schema>;

/** Throws ENV_INVALID. */
export function simulatorEnv(): SimulatorEnv {
  return readEnv(schema);
}
