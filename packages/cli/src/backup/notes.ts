// What a data folder remembers of backups: the last one that was made of it, for `fxtape status`, and the one that is being restored into it.
// In and out: two small files, there whole or not at all.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type RestoreNote, restoreNotePath } from '@fxtape/ops';
import { writePrivate } from '@fxtape/stack';
import { z } from 'zod';

const lastBackup = z.object({
  id: z.string(),
  address: z.string(),
  ended: z.iso.datetime(),
  rows: z.int(),
  bytes: z.int(),
});
export type LastBackup = z.infer<typeof lastBackup>;

const backupPath = (dataDir: string): string => join(dataDir, 'last-backup.json');

export const noteBackup = (dataDir: string, note: LastBackup): void =>
  writePrivate(backupPath(dataDir), `${JSON.stringify(note)}\n`);

/** Null when none was made, or the file is not readable as such: it is only for people. */
export function readLastBackup(dataDir: string): LastBackup | null {
  try {
    return lastBackup.safeParse(JSON.parse(readFileSync(backupPath(dataDir), 'utf8'))).data ?? null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || error instanceof SyntaxError) return null;
    throw error;
  }
}

export const noteRestore = (dataDir: string, note: RestoreNote): void =>
  writePrivate(restoreNotePath(dataDir), `${JSON.stringify(note)}\n`);

export const endRestore = (dataDir: string): void => rmSync(restoreNotePath(dataDir), { force: true });
