// The environment of the scheduler, read once.
import { readEnv } from '@fxtape/ops';
import { z } from 'zod';

const schema = z.object({
  FXTAPE_CONFIG: z.string().default('./fxtape.yaml'),
  FXSOCKET_BASE_URL: z.url().default('https://api.fxsocket.com'),
  QDB_CLIENT_CONF: z.string().default('http::addr=127.0.0.1:9000;'),
  REDIS_URL: z.string().default('redis://127.0.0.1:6379'),
  FXTAPE_DATA_DIR: z.string().default('./data'),
  FXTAPE_HEALTH_ADDR: z.string().default('127.0.0.1:0'),
  FXTAPE_DEMO: z.string().optional(),
  LOG_LEVEL: z.string().default('info'),
});

export type SchedulerEnv = z.output<typeof schema>;

/** @throws ENV_INVALID */
export const readSchedulerEnv = (): SchedulerEnv => readEnv(schema);
