// The environment of the scheduler, read once.
import { addressOf, listenAddr, logLevel, readEnv } from '@fxtape/ops';
import { z } from 'zod';

const schema = z.object({
  FXTAPE_CONFIG: z.string().default('./fxtape.yaml'),
  FXSOCKET_BASE_URL: z.url().default('https://api.fxsocket.com'),
  QDB_CLIENT_CONF: z.string().default('http::addr=127.0.0.1:9000;'),
  REDIS_URL: addressOf(/^rediss?$/, 'redis://127.0.0.1:6379').default('redis://127.0.0.1:6379'),
  FXTAPE_DATA_DIR: z.string().default('./data'),
  FXTAPE_HEALTH_ADDR: listenAddr('127.0.0.1:0'),
  FXTAPE_API_TOKEN: z.string().optional(),
  FXTAPE_DEMO: z.string().optional(),
  LOG_LEVEL: logLevel,
});

export type SchedulerEnv = z.output<typeof schema>;

/** @throws ENV_INVALID */
export const readSchedulerEnv = (): SchedulerEnv => readEnv(schema);
