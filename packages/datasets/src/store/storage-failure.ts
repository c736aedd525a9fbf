// A failed call of the file system, as an error of a dataset. In: what was tried, and why it failed. Out: the error with its code.
import { FxtapeError, type ThrownCode } from '@fxtape/ops';

const CODES: Readonly<Record<string, ThrownCode>> = {
  ENOSPC: 'DATASET_STORE_FULL',
  EDQUOT: 'DATASET_STORE_FULL',
  EACCES: 'DATASET_ACCESS_DENIED',
  EPERM: 'DATASET_ACCESS_DENIED',
  EROFS: 'DATASET_ACCESS_DENIED',
  ENAMETOOLONG: 'DATASET_NAME_UNSUPPORTED',
};

/** Any other error is returned as it is. */
export function storageFailure(
  message: string,
  cause: unknown,
  context: Record<string, unknown> = {},
): unknown {
  if (cause instanceof FxtapeError) return cause;
  const errno = (cause as NodeJS.ErrnoException | null)?.code;
  if (errno === undefined || !/^E[A-Z0-9]+$/.test(errno)) return cause;
  return new FxtapeError({
    code: CODES[errno] ?? 'DATASET_STORE_FAILED',
    message: `${message} (${errno})`,
    context: { ...context, errno },
    cause,
  });
}
