// The environment of the console, read once.
import { configVariables, engineVariables } from '@fxtape/config';
import { addressOf, type Env, listenAddr, processVariables, readEnv } from '@fxtape/ops';
import { z } from 'zod';

const schema = z.object({
  ...processVariables,
  ...configVariables,
  ...engineVariables,
  /** QuestDB as a user that only reads: what is recorded is read by it where it is given. */
  QUESTDB_READER_URL: addressOf(/^postgres(ql)?$/, 'postgresql://reader:…@127.0.0.1:8812/qdb').optional(),
  FXTAPE_HTTP_ADDR: listenAddr('127.0.0.1:7070'),
  FXTAPE_COLLECTOR_URL: addressOf(/^https?$/, 'http://collector:7071').optional(),
});

export type ConsoleEnv = z.output<typeof schema>;

/** @throws ENV_INVALID. */
export function consoleEnv(env?: Env): ConsoleEnv {
  return readEnv(schema, env);
}
