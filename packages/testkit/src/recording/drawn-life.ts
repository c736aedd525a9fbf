// Draws and prints a new seed for the gateway's life in each recording. `FXTAPE_TEST_SEED` repeats a run.
import { randomInt } from 'node:crypto';
import { testSeed } from '../env.ts';

export function drawnLife(): { readonly seed: number } {
  const seed = testSeed() ?? randomInt(2 ** 30);
  process.stdout.write(`life: seed ${seed}\n`);
  return { seed };
}
