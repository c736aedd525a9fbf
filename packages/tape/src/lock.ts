// One writer per tape. In: the tape's folder. Out: a lock that the operating system frees with the process, however it ends: an
// exclusive transaction on an SQLite file, whose file lock also holds between containers that share a volume.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ioError, tapeLocked } from './errors.ts';

export interface TapeLock {
  release(): void;
}

const SQLITE_BUSY = 5;
const SQLITE_FULL = 13;

/** Throws TAPE_LOCKED when another process, or this one, holds it; TAPE_FULL, TAPE_IO when the file cannot be had. */
export function lockTape(dir: string): TapeLock {
  const path = join(dir, 'lock.sqlite');
  let database: DatabaseSync | null = null;
  try {
    mkdirSync(dir, { recursive: true });
    database = new DatabaseSync(path, { timeout: 0 });
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (cause) {
    database?.close();
    // The low byte is the kind of error, the rest its detail.
    const errcode = ((cause as { errcode?: number }).errcode ?? 0) & 0xff;
    if (errcode === SQLITE_BUSY) throw tapeLocked(path, cause);
    throw ioError(errcode === SQLITE_FULL ? { code: 'ENOSPC' } : cause, 'lock the tape', path);
  }
  const held = database;
  return { release: () => held.close() };
}

/** True when a process holds the lock now. Looks and takes nothing. Throws TAPE_IO. */
export function tapeIsLocked(dir: string): boolean {
  const path = join(dir, 'lock.sqlite');
  if (!existsSync(path)) return false;
  const database = new DatabaseSync(path, { readOnly: true, timeout: 0 });
  try {
    database.exec('SELECT count(*) FROM sqlite_schema');
    return false;
  } catch (cause) {
    if ((cause as { errcode?: number }).errcode === SQLITE_BUSY) return true;
    throw ioError(cause, 'look at the lock', path);
  } finally {
    database.close();
  }
}
