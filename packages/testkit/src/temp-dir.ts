// A temporary folder for one test. Out: its path with links resolved; `remove` deletes it.
import { mkdtempSync, realpathSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TempDir {
  readonly path: string;
  remove(): Promise<void>;
}

export function tempDir(name: string): TempDir {
  const path = realpathSync(mkdtempSync(join(tmpdir(), `fxtape-${name}-`)));
  // A server that was just killed may still be writing for a moment.
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }) };
}
