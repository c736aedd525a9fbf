// The environment of the command line, read once and handed to the services it starts.
import { type Env, readEnv, readVariable } from '@fxtape/ops';
import { z } from 'zod';

const schema = z.object({
  FXTAPE_CONFIG: z.string().default('./fxtape.yaml'),
  FXTAPE_DATA_DIR: z.string().default('./data'),
  FXTAPE_HTTP_ADDR: z.string().default('127.0.0.1:7070'),
  FXTAPE_SIMULATOR_ADDR: z.string().default('127.0.0.1:7080'),
  LOG_LEVEL: z.string().default('info'),
});

export type CliEnv = z.output<typeof schema>;

/** @throws ENV_INVALID */
export const readCliEnv = (): CliEnv => readEnv(schema);

/** Everything that the services inherit. */
export const processEnv = (): Env => process.env;

/** True when a key for the real gateway is given. @throws ENV_INVALID */
export const hasKey = (): boolean => readVariable('FXSOCKET_API_KEY') !== undefined;
