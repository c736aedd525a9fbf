// Where files for a bucket are made. In: an address. Out: a folder of this user, the same for every run, so that a run that was cut off is
// continued by the next. What nobody came back for is removed after a week.
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

const STALE_MS = 7 * 86_400_000;
const OF_OTHERS = 0o077;

export function openStaging(address: string, nowMs: number): string {
  const { uid, username } = userInfo();
  const name = createHash('sha256').update(`${username}\n${address}`).digest('hex').slice(0, 24);
  const dir = join(tmpdir(), `fxtape-dataset-${name}`);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const found = lstatSync(dir);
  // In a folder for everybody somebody else may have taken the name.
  const isOurs = found.isDirectory() && found.uid === uid && (found.mode & OF_OTHERS) === 0;
  if (!isOurs) return mkdtempSync(join(tmpdir(), 'fxtape-dataset-'));
  for (const entry of readdirSync(dir)) {
    const path = join(dir, entry);
    const at = lstatSync(path, { throwIfNoEntry: false });
    if (at !== undefined && nowMs - at.mtimeMs > STALE_MS) rmSync(path, { recursive: true, force: true });
  }
  return dir;
}

/** Files of a run that was cut off stay, and so do those of another process. */
export function closeStaging(dir: string): void {
  try {
    rmdirSync(dir);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(code)) throw error;
  }
}
