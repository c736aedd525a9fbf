// Tells a stopped fxtape from a broken engine: the default address may be silent, or belong to the engine of another data folder, which
// refuses. In: an error of a command that needs QuestDB or Redis. Out: NOT_RUNNING if no `fxtape up` is running and the address is not set;
// otherwise the error as it is.
import { FxtapeError } from '@fxtape/ops';
import { type CliEnv, isGiven, readCliEnv, readRunningEnv } from './env.ts';
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
  return readStackFile(readRunningEnv().FXTAPE_DATA_DIR) === null ? notRunning(variable, error) : error;
}

/** Names the folder that FXTAPE_DATA_DIR is set to, not the one that a demonstration has inside it. */
export function notRunning(variable: keyof CliEnv, cause?: unknown): FxtapeError {
  const dataDir = readCliEnv().FXTAPE_DATA_DIR;
  return new FxtapeError({
    code: 'NOT_RUNNING',
    message: `no \`fxtape up\` is running on ${dataDir}, and ${variable} is not set`,
    hint: `Start \`fxtape up\`; or, if it runs on another data folder, set FXTAPE_DATA_DIR to that folder; or set ${variable}`,
    context: { dataDir },
    cause,
  });
}
