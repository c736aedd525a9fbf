// The environment of the console, read once.
import { addressOf, type Env, listenAddr, logLevel, readEnv } from '@fxtape/ops';
import { z } from 'zod';

const schema = z.object({
  FXTAPE_CONFIG: z.string().default('./fxtape.yaml'),
  FXSOCKET_BASE_URL: z.url().default('https://api.fxsocket.com'),
  FXTAPE_DEMO: z.string().optional(),
  QDB_CLIENT_CONF: z.string().default('http::addr=127.0.0.1:9000;'),
  /** The same as a user that only reads: what is recorded is read by it where it is given. */
  QUESTDB_READER_URL: addressOf(/^postgres(ql)?$/, 'postgresql://reader:…@127.0.0.1:8812/qdb').optional(),
  REDIS_URL: addressOf(/^rediss?$/, 'redis://127.0.0.1:6379').default('redis://127.0.0.1:6379'),
  FXTAPE_DATA_DIR: z.string().default('./data'),
  FXTAPE_HTTP_ADDR: listenAddr('127.0.0.1:7070'),
  FXTAPE_API_TOKEN: z.string().optional(),
  FXTAPE_COLLECTOR_URL: addressOf(/^https?$/, 'http://collector:7071').optional(),
  LOG_LEVEL: logLevel,
});

export type ConsoleEnv = z.output<typeof schema>;

/** @throws ENV_INVALID. */
export function consoleEnv(env?: Env): ConsoleEnv {
  return readEnv(schema, env);
}
