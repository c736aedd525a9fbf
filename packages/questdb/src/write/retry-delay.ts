// How long to wait before trying again: doubling from 100 ms to 5 s, each time somewhere in the upper half of that, so that
// several writers do not knock in step. There is no last try.

export const FIRST_DELAY_MS = 100;
export const LONGEST_DELAY_MS = 5_000;

/** Milliseconds before try number `failures + 1`; `random` gives [0, 1). */
export function retryDelayMs(failures: number, random: () => number): number {
  const full = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(failures - 1, 16));
  return full / 2 + (random() * full) / 2;
}
