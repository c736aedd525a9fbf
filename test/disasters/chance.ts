// Chance in a disaster: how long, how often, in which order. The seed is printed, and `FXTAPE_TEST_SEED` repeats a run.
import { randomInt } from 'node:crypto';

/** Gives whole numbers from `least` to `most`. */
export type Between = (least: number, most: number) => number;

export const chance = (title: string): Between => {
  const seed = Number(process.env['FXTAPE_TEST_SEED'] ?? randomInt(2 ** 30));
  process.stdout.write(`${title}: seed ${seed}\n`);
  let state = seed;
  return (least, most) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return least + Math.floor((state / 2 ** 31) * (most - least + 1));
  };
};
