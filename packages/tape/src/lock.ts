// One writer per tape. In: the tape's folder. Out: a lock that the operating system frees with the process, however it ends: an
// exclusive transaction on an SQLite file, whose file lock also holds between containers that share a volume.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { tapeLocked } from './errors.ts';

export interface TapeLock {
  release(): void;
}

/** Throws TAPE_LOCKED when another process, or this one, holds it. */
export function lockTape(dir: string): TapeLock {
  mkdirSync(dir, { recursive: true });
  const path = join(dir, 'lock.sqlite');
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (cause) {
    database.close();
    throw tapeLocked(path, cause);
  }
  return { release: () => database.close() };
}
