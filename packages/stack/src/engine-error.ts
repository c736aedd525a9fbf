// The errors of the local stack: each has a stable code and a way out, which often is "or use Docker".
import { FxtapeError } from '@fxtape/ops';

export type EngineErrorCode =
  | 'CREDENTIALS_INVALID'
  | 'ENGINES_FILE'
  | 'ENGINE_CHANGED'
  | 'ENGINE_CHECKSUM'
  | 'ENGINE_DATA_IN_USE'
  | 'ENGINE_DOCKER_FAILED'
  | 'ENGINE_DOCKER_MISSING'
  | 'ENGINE_DOWNLOAD_FAILED'
  | 'ENGINE_JAVA_MISSING'
  | 'ENGINE_MAVEN_MISSING'
  | 'ENGINE_MODE_UNKNOWN'
  | 'ENGINE_OWNER_FILE'
  | 'ENGINE_PLATFORM'
  | 'ENGINE_SETTINGS'
  | 'ENGINE_START_FAILED';

/** All are terminal: starting again without changing something gives the same. */
export function engineError(
  code: EngineErrorCode,
  message: string,
  hint: string,
  more: { context?: Record<string, unknown>; cause?: unknown } = {},
): FxtapeError {
  return new FxtapeError({ code, kind: 'terminal', message, hint, ...more });
}
