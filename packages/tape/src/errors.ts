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
      kind: 'transient',
      message: `no space left to ${what}`,
      hint: 'Free space on the disk of FXTAPE_DATA_DIR, or raise the quota; recording resumes by itself',
      context,
      cause,
    });
  }
  return new FxtapeError({
    code: 'TAPE_IO',
    kind: 'transient',
    message: `could not ${what}: ${errno ?? String(cause)}`,
    hint: 'Check the disk, the mount and the permissions of FXTAPE_DATA_DIR',
    context,
    cause,
  });
}

export function tapeLocked(path: string, cause: unknown): FxtapeError {
  return new FxtapeError({
    code: 'TAPE_LOCKED',
    kind: 'transient',
    message: 'another process is writing this tape',
    hint: 'Stop the other collector, or give this one another FXTAPE_DATA_DIR; the lock is released when that process ends',
    context: { path },
    cause,
  });
}

export function diskBehind(dir: string, bytes: number): FxtapeError {
  return new FxtapeError({
    code: 'TAPE_IO',
    kind: 'transient',
    message: `the disk has not confirmed the last ${Math.round(bytes / 1e6)} MB of the tape`,
    hint: 'Check the disk of FXTAPE_DATA_DIR: it is failing or too slow; recording resumes by itself',
    context: { path: dir },
  });
}

export function tapeClosed(dir: string): FxtapeError {
  return new FxtapeError({
    code: 'TAPE_CLOSED',
    kind: 'terminal',
    message: 'the tape was closed by this process',
    hint: 'Report this as a defect: something was recorded after the tape was closed',
    context: { path: dir },
  });
}

export function formatUnknown(format: unknown, path: string): FxtapeError {
  return new FxtapeError({
    code: 'TAPE_FORMAT',
    kind: 'terminal',
    message: `the tape has format ${String(format)}, this version reads format 1`,
    hint: 'Use the version of fxtape that wrote it, or a newer one',
    context: { path, format },
  });
}

export function entryInvalid(message: string, context: Record<string, unknown>): FxtapeError {
  return new FxtapeError({
    code: 'TAPE_ENTRY_INVALID',
    kind: 'terminal',
    message: `refused to write to the tape: ${message}`,
    hint: 'Report this as a defect, with the context shown',
    context,
  });
}

/** `ENOENT`, `EIO`, … or null when it is not an error of the operating system. */
export function errnoOf(cause: unknown): string | null {
  if (typeof cause !== 'object' || cause === null || !('code' in cause)) return null;
  return typeof cause.code === 'string' ? cause.code : null;
}
