// The errors of the tape. In: what the operating system said, or what the caller did wrong. Out: an FxtapeError with a stable code
// and what the operator does next.
import { FxtapeError } from '@fxtape/ops';

/** `TAPE_FULL` for a full disk or quota, else `TAPE_IO`. An FxtapeError passes through. */
export function ioError(cause: unknown, what: string, path: string): FxtapeError {
  if (cause instanceof FxtapeError) return cause;
  const errno = errnoOf(cause);
  const context = { path, errno };
  if (errno === 'ENOSPC' || errno === 'EDQUOT') {
    return new FxtapeError({
      code: 'TAPE_FULL',
      message: `no space left to ${what}`,
      context,
      cause,
    });
  }
  return new FxtapeError({
    code: 'TAPE_IO',
    message: `could not ${what}: ${errno ?? String(cause)}`,
    context,
    cause,
  });
}

export function tapeLocked(path: string, cause: unknown): FxtapeError {
  return new FxtapeError({
    code: 'TAPE_LOCKED',
    message: 'another process is writing this tape',
    context: { path },
    cause,
  });
}

export function diskBehind(dir: string, bytes: number): FxtapeError {
  return new FxtapeError({
    code: 'TAPE_IO',
    message: `the disk has not confirmed the last ${Math.round(bytes / 1e6)} MB of the tape`,
    hint: 'Check the disk of FXTAPE_DATA_DIR: it is failing or too slow; recording resumes by itself',
    context: { path: dir },
  });
}

export function tapeClosed(dir: string): FxtapeError {
  return new FxtapeError({
    code: 'TAPE_CLOSED',
    message: 'the tape was closed by this process',
    context: { path: dir },
  });
}

export function formatUnknown(format: unknown, path: string): FxtapeError {
  return new FxtapeError({
    code: 'TAPE_FORMAT',
    message: `the tape has format ${String(format)}, this version reads format 1`,
    context: { path, format },
  });
}

export function entryInvalid(message: string, context: Record<string, unknown>): FxtapeError {
  return new FxtapeError({
    code: 'TAPE_ENTRY_INVALID',
    message: `refused to write to the tape: ${message}`,
    context,
  });
}

/** `ENOENT`, `EIO`, … or null when it is not an error of the operating system. */
export function errnoOf(cause: unknown): string | null {
  if (typeof cause !== 'object' || cause === null || !('code' in cause)) return null;
  return typeof cause.code === 'string' ? cause.code : null;
}
