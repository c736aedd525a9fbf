// The data folder, and who uses it. In: its path. Out: the folder, created and closed to other users; a lock on it for as long as this
// process lives, however it ends. A second process learns who was first before anything is touched.
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FxtapeError } from '@fxtape/ops';
import { lockTape, type TapeLock, tapeIsLocked } from '@fxtape/tape';
import { makePrivateFolder } from '@fxtape/stack';

/** True when other users could enter it until now. @throws DATA_DIR_UNUSABLE */
export function openDataDir(dataDir: string): boolean {
  try {
    const wasOpen = makePrivateFolder(dataDir);
    makePrivateFolder(join(dataDir, 'run'));
    const probe = join(dataDir, 'run', `.probe-${process.pid}`);
    writeFileSync(probe, 'fxtape\n');
    rmSync(probe);
    return wasOpen;
  } catch (cause) {
    const errno = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    const isFile = statSync(dataDir, { throwIfNoEntry: false })?.isFile() === true;
    throw new FxtapeError({
      code: 'DATA_DIR_UNUSABLE',
      message: `FXTAPE_DATA_DIR: ${dataDir} ${isFile ? 'is a file, not a folder' : `cannot be written (${errno})`}`,
      context: { dataDir, errno },
      cause,
    });
  }
}

/** Kept for as long as the process lives: a lock that nothing refers to any more may be collected, and is free then. */
const held: TapeLock[] = [];

/** `what`: `up`, or a service that runs alone. @throws ALREADY_RUNNING */
export function holdDataDir(dataDir: string, what: string): void {
  const path = join(dataDir, 'run', what);
  try {
    held.push(lockTape(path));
  } catch (error) {
    if (error instanceof FxtapeError && error.code === 'TAPE_LOCKED') throw alreadyRunning(dataDir, what);
    throw error;
  }
  writeFileSync(`${path}.pid`, `${process.pid}\n`);
  process.on('exit', () => rmSync(`${path}.pid`, { force: true }));
}

/** @throws ALREADY_RUNNING when an `up` runs on this folder */
export function refuseBesideUp(dataDir: string): void {
  if (isHeld(dataDir)) throw alreadyRunning(dataDir, 'up');
}

/** Whether an `up` runs on this folder. */
export const isHeld = (dataDir: string): boolean => tapeIsLocked(join(dataDir, 'run', 'up'));

function alreadyRunning(dataDir: string, what: string): FxtapeError {
  const pid = pidOf(join(dataDir, 'run', `${what}.pid`));
  const who = what === 'up' ? 'fxtape' : what;
  return new FxtapeError({
    code: 'ALREADY_RUNNING',
    message: `${who} is already running here${pid === null ? '' : ` (pid ${pid})`}, on ${dataDir}`,
    context: { dataDir, pid },
  });
}

function pidOf(path: string): number | null {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch {
    return null; // it holds the lock and has not written its pid yet
  }
}
