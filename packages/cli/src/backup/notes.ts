// What a data folder remembers of backups: the last one that was made of it, for `fxtape status`, and the one that is being restored into it.
// In and out: two small files, there whole or not at all.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { FxtapeError } from '@fxtape/ops';
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

const underWay = z.object({ id: z.string(), began: z.string(), address: z.string() });
export type RestoreUnderWay = z.infer<typeof underWay>;

const backupPath = (dataDir: string): string => join(dataDir, 'last-backup.json');
const restorePath = (dataDir: string): string => join(dataDir, 'restore.json');

export const noteBackup = (dataDir: string, note: LastBackup): void =>
  writePrivate(backupPath(dataDir), `${JSON.stringify(note)}\n`);

/** Null when none was made, or the file is not readable as such: it is only for people. */
export function readLastBackup(dataDir: string): LastBackup | null {
  const text = textOf(backupPath(dataDir));
  return text === null ? null : (lastBackup.safeParse(jsonOf(text)).data ?? null);
}

export const noteRestore = (dataDir: string, note: RestoreUnderWay): void =>
  writePrivate(restorePath(dataDir), `${JSON.stringify(note)}\n`);

export const endRestore = (dataDir: string): void => rmSync(restorePath(dataDir), { force: true });

/** The restore that has not ended in this folder, or null. */
export function readRestore(dataDir: string): RestoreUnderWay | null {
  const text = textOf(restorePath(dataDir));
  return text === null ? null : underWay.parse(jsonOf(text));
}

/** Recording over half a recording would take what is not back yet for missing. @throws RESTORE_UNFINISHED */
export function refuseUnfinishedRestore(dataDir: string): void {
  const restore = readRestore(dataDir);
  if (restore === null) return;
  throw new FxtapeError({
    code: 'RESTORE_UNFINISHED',
    message: `the backup ${restore.id} of ${restore.address} is only partly restored into ${dataDir}`,
    context: { dataDir, ...restore },
  });
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
