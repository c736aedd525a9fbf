// Errors of the tape.
import { terminal, transient } from './entry.ts';

export const tapeErrors = {
  TAPE_FULL: transient(
    'the disk of the data folder is full',
    'Free space on the disk of FXTAPE_DATA_DIR, or raise the quota; recording resumes by itself, and the time between is a gap',
  ),
  TAPE_IO: transient(
    'a read or write of the tape failed',
    'Check the disk, the mount and the permissions of FXTAPE_DATA_DIR',
  ),
  TAPE_LOCKED: transient(
    'another process writes this tape',
    'Stop the other collector, or give this one another FXTAPE_DATA_DIR; the lock is released when that process ends',
  ),
  TAPE_CLOSED: terminal(
    'something was written to the tape after it was closed',
    'Report this as a defect: something was recorded after the tape was closed',
  ),
  TAPE_FORMAT: terminal(
    'a newer version of fxtape wrote the tape',
    'Use the version of fxtape that wrote it, or a newer one',
  ),
  TAPE_ENTRY_INVALID: terminal(
    'the recorder tried to write an entry that the tape format does not allow',
    'Report this as a defect, with the context shown',
  ),
  TAPE_NOT_FOUND: terminal(
    '`fxtape tape` was given an account without a tape',
    'Check the name of the account and FXTAPE_DATA_DIR',
  ),
};
