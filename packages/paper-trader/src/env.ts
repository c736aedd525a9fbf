// The paper trader's environment variables. It has no variable for a key: it knows the one of the demonstration, and no real gateway takes that.

import { listenAddr, logLevel, readEnv } from '@fxtape/ops';
import { z } from 'zod';

const schema = z.object({
  FXSOCKET_BASE_URL: z.string().default('http://127.0.0.1:7080'),
  FXTAPE_HEALTH_ADDR: listenAddr('127.0.0.1:0'),
  FXTAPE_API_TOKEN: z.string().optional(),
  FXTAPE_DATA_DIR: z.string().default('./data'),
  LOG_LEVEL: logLevel,
});

/** Throws ENV_INVALID. */
export const paperTraderEnv = (): z.output<typeof schema> => readEnv(schema);
