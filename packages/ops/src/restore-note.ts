// A restore that has not ended in a data folder: nothing records into half a recording. In: the folder. Out: what is being restored, or an error.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { FxtapeError } from './errors/fxtape-error.ts';

const note = z.object({
  /** Of the backup. */
  id: z.string(),
  began: z.string(),
  address: z.string(),
  /** Identity of the database that the rows go to. */
  database: z.string(),
});
export type RestoreNote = z.infer<typeof note>;

export const restoreNotePath = (dataDir: string): string => join(dataDir, 'restore.json');

/** Null: none is under way. @throws RESTORE_UNFINISHED when the note cannot be read */
export function readRestoreNote(dataDir: string): RestoreNote | null {
  let text: string;
  try {
    text = readFileSync(restoreNotePath(dataDir), 'utf8');
  } catch (error) {
    // Where a file stands in the place of a folder, whoever opens the folder says so.
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
  try {
    return note.parse(JSON.parse(text));
  } catch (cause) {
    throw new FxtapeError({
      code: 'RESTORE_UNFINISHED',
      message: `${restoreNotePath(dataDir)} cannot be read: a restore into this folder has not ended`,
      hint: 'Begin anew in an empty data folder and database',
      cause,
    });
  }
}

/** What is not back yet would be taken for missing. @throws RESTORE_UNFINISHED */
export function refuseUnfinishedRestore(dataDir: string): void {
  const restore = readRestoreNote(dataDir);
  if (restore === null) return;
  throw new FxtapeError({
    code: 'RESTORE_UNFINISHED',
    message: `the backup ${restore.id} of ${restore.address} is only partly restored into ${dataDir}`,
    context: { dataDir, ...restore },
  });
}
