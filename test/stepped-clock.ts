// A wall clock that a test sets, for services as child processes. In: a folder for its file. Out: the environment that makes a service read
// it, from its first line on, and how to set it.
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export function steppedClock(dir: string, aheadMs: number) {
  const file = join(dir, 'stepped-clock');
  const stepTo = (ms: number): void => {
    writeFileSync(`${file}.new`, String(ms));
    renameSync(`${file}.new`, file);
  };
  stepTo(aheadMs);
  const preload = new URL('stepped-clock.mjs', import.meta.url).href;
  return { env: { NODE_OPTIONS: `--import=${preload}`, STEPPED_CLOCK_FILE: file }, stepTo };
}
