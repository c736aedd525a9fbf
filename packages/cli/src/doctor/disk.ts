// `fxtape doctor`: the data folder. In: its path and the accounts. Out: how much space is free, whether the tape can be written, and who
// holds the lock of each tape. Writes a file and removes it.
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { FxtapeError, readServiceInfo } from '@fxtape/ops';
import { tapeIsLocked } from '@fxtape/tape';
import { spellBytes } from '../print/quantity.ts';
import { isAlive } from '@fxtape/stack';
import { type Check, failed, failedBy, ok, warning } from './check.ts';

const FULL_BYTES = 1e9;
const TIGHT_BYTES = 10e9;

export async function examineDisk(dataDir: string, accounts: readonly string[]): Promise<Check[]> {
  return [await roomCheck(dataDir), writeCheck(dataDir), ...lockChecks(dataDir, accounts)];
}

async function roomCheck(dataDir: string): Promise<Check> {
  const { bavail, blocks, bsize } = await statfs(existingPart(resolve(dataDir)));
  return judgeRoom(dataDir, bavail * bsize, blocks * bsize);
}

/** Less than 1 GB fails, less than 10 GB warns. */
export function judgeRoom(dataDir: string, freeBytes: number, wholeBytes: number): Check {
  const percent = Math.floor((freeBytes / wholeBytes) * 100);
  const facts = [
    `${spellBytes(freeBytes)} of ${spellBytes(wholeBytes)} are free (${percent} %) at ${dataDir}`,
  ];
  const todo = 'Free disk space, or keep the tape for a shorter time (`retention: { tape: … }`)';
  if (freeBytes < FULL_BYTES) return failed('disk', facts, todo, 'DISK_FULL');
  return freeBytes < TIGHT_BYTES ? warning('disk', facts, todo) : ok('disk', ...facts);
}

function writeCheck(dataDir: string): Check {
  const folder = join(dataDir, 'tape');
  // A missing folder is not created: FXTAPE_DATA_DIR may be wrong.
  const existing = existingPart(resolve(folder));
  const probe = join(existing, `.doctor-${process.pid}`);
  try {
    writeFileSync(probe, 'fxtape\n', { flush: true });
    rmSync(probe);
    const isThere = existing === resolve(folder);
    return ok('tape', `${folder} ${isThere ? 'can be written' : 'does not exist yet and can be created'}`);
  } catch (error) {
    const errno = (error as NodeJS.ErrnoException).code ?? String(error);
    const todo = 'Fix the owner and permissions of the folder, or point FXTAPE_DATA_DIR elsewhere';
    return failed('tape', [`${folder} cannot be written (${errno})`], todo, 'TAPE_IO');
  }
}

function lockChecks(dataDir: string, accounts: readonly string[]): Check[] {
  const pid = readServiceInfo(dataDir, 'collector')?.pid ?? null;
  const recording = pid !== null && isAlive(pid);
  return accounts.flatMap((account) => {
    const dir = join(dataDir, 'tape', account);
    const name = `tape of ${account}`;
    if (!existsSync(dir)) return [];
    try {
      return [lockCheck(name, tapeIsLocked(dir), recording ? pid : null)];
    } catch (error) {
      if (error instanceof FxtapeError) return [failedBy(name, error)];
      throw error;
    }
  });
}

function lockCheck(name: string, locked: boolean, collector: number | null): Check {
  if (!locked) return ok(name, 'no process is writing it');
  if (collector !== null) return ok(name, `the collector (process ${collector}) is writing it`);
  const todo =
    'Find that process, and stop it if it should not run: until then no collector can record into this folder';
  return warning(name, ['a process other than the collector of this data folder holds its lock'], todo);
}

function existingPart(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : existingPart(dirname(path));
}
