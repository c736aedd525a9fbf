// What a running `fxtape up` tells the other commands: which services it keeps, the addresses that it chose itself, and which demonstration
// it runs. In and out: `<data>/run/stack.json`, present while `up` runs and readable only by its owner, because the addresses contain
// passwords. Addresses from the environment are not in it: set them for the other commands too.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { FxtapeError } from '@fxtape/ops';
import { z } from 'zod';
import { isAlive } from '@fxtape/stack';
import { makePrivateFolder, writePrivate } from '@fxtape/stack';

const stackFile = z.object({
  pid: z.int().positive(),
  services: z.array(z.string()),
  /** Variables that `up` set for its services and that were not given to it. */
  env: z.record(z.string(), z.string()),
});
export type StackFile = z.infer<typeof stackFile>;

const pathIn = (dataDir: string): string => join(dataDir, 'run', 'stack.json');

/** Writes the file; it is removed when this process exits. */
export function writeStackFile(dataDir: string, stack: StackFile): void {
  const path = pathIn(dataDir);
  makePrivateFolder(join(dataDir, 'run'));
  writePrivate(path, `${JSON.stringify(stack)}\n`);
  process.on('exit', () => rmSync(path, { force: true }));
}

/**
 * What the `up` that runs on this data folder wrote; null when none runs.
 * @throws RUN_FILE_INVALID when the file cannot be read as such.
 */
export function readStackFile(dataDir: string): StackFile | null {
  const path = pathIn(dataDir);
  let stack: StackFile;
  try {
    stack = stackFile.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new FxtapeError({
      code: 'RUN_FILE_INVALID',
      message: `${path} was not written by \`fxtape up\``,
      hint: 'Remove it and start `fxtape up` again',
      context: { path },
      cause,
    });
  }
  return isAlive(stack.pid) ? stack : null;
}
