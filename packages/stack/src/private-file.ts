// Files and folders that only their owner may read. In: a path. Out: the folder with mode 0700, made or tightened; the file with mode
// 0600, there whole or not at all.
import { chmodSync, mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs';

const OF_OTHERS = 0o077;

/** True when others could enter it until now. */
export function makePrivateFolder(path: string): boolean {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const wasOpen = (statSync(path).mode & OF_OTHERS) !== 0;
  if (wasOpen) chmodSync(path, 0o700);
  return wasOpen;
}

export function writePrivate(path: string, text: string): void {
  const partial = `${path}.partial`;
  writeFileSync(partial, text, { mode: 0o600, flush: true });
  // The mode counts for a new file only; one that a crash left behind keeps its own.
  chmodSync(partial, 0o600);
  renameSync(partial, path);
}
