// Explains to somebody who has not started anything an engine that does not answer, or an engine of another data folder that refuses. In: an
// error of a command that needs QuestDB or Redis. Out: NOT_RUNNING if no `fxtape up` is running and nobody set the address; otherwise the
// error as it is.
import { FxtapeError } from '@fxtape/ops';
import { type CliEnv, isGiven, readRunningEnv } from './env.ts';
import { readStackFile } from './stack-file.ts';

/** Errors that may mean that no engine of this data folder is running, and the variable that would name the engine. */
const VARIABLE_OF_CODE: Readonly<Record<string, keyof CliEnv>> = {
  QDB_UNREACHABLE: 'QDB_CLIENT_CONF',
  QDB_UNAUTHORIZED: 'QDB_CLIENT_CONF',
  QUEUE_UNREACHABLE: 'REDIS_URL',
  QUEUE_REFUSED: 'REDIS_URL',
};

export function whereNothingRuns(error: unknown): unknown {
  if (!(error instanceof FxtapeError)) return error;
  const variable = VARIABLE_OF_CODE[error.code];
  if (variable === undefined || isGiven(variable)) return error;
  const dataDir = readRunningEnv().FXTAPE_DATA_DIR;
  return readStackFile(dataDir) === null ? notRunning(dataDir, variable, error) : error;
}

export const notRunning = (dataDir: string, variable: keyof CliEnv, cause?: unknown): FxtapeError =>
  new FxtapeError({
    code: 'NOT_RUNNING',
    message: `no \`fxtape up\` is running on ${dataDir}, and ${variable} is not set`,
    hint: `Start \`fxtape up\`; or, if it runs on another data folder, set FXTAPE_DATA_DIR to that folder; or set ${variable}`,
    context: { dataDir },
    cause,
  });
