// With which database a tape was restored: its rows from before the tape are in that database, and in no other. In and out: `<dir>/restored`.
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, ioError } from './errors.ts';

const pathOf = (dir: string): string => join(dir, 'restored');

/** Identity of the database; null: the tape was not restored. Throws TAPE_IO. */
export async function restoredWith(dir: string): Promise<string | null> {
  try {
    return (await readFile(pathOf(dir), 'utf8')).trim();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw ioError(error, 'read', pathOf(dir));
  }
}

/** Throws TAPE_FULL, TAPE_IO. */
export async function markRestored(dir: string, database: string): Promise<void> {
  try {
    await writeFile(`${pathOf(dir)}.partial`, `${database}\n`, { flush: true });
    await rename(`${pathOf(dir)}.partial`, pathOf(dir));
  } catch (error) {
    throw ioError(error, 'write', pathOf(dir));
  }
}
