// The owner of a correction: `<data>/clock-apply.json` identifies this data folder. In: the folder. Out: its id, the same every time.
import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const file = z.object({ v: z.literal(2), owner: z.string().min(1) });

export function applyOwner(dataDir: string): string {
  const path = join(dataDir, 'clock-apply.json');
  try {
    return file.parse(JSON.parse(readFileSync(path, 'utf8'))).owner;
  } catch {
    // Absent, or of an older release. An unfinished correction is recorded in the database.
  }
  const owner = randomUUID();
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const partial = openSync(`${path}.partial`, 'w', 0o600);
  try {
    writeSync(partial, `${JSON.stringify({ v: 2, owner })}\n`);
    fsyncSync(partial);
  } finally {
    closeSync(partial);
  }
  renameSync(`${path}.partial`, path);
  return owner;
}
