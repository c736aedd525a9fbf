// How long a job waits before its next attempt. Full jitter, so that jobs that failed together are not retried together. In: the back-off of
// its kind and the attempts made. Out: milliseconds.
import type { Backoff } from '../catalogue/catalogue.ts';

/** Evenly spread over [0, min(capMs, firstMs × 2^(made − 1))). `random` gives [0, 1). `made` counts from 1. */
export function retryDelayMs({ capMs, firstMs }: Backoff, made: number, random: () => number): number {
  return Math.floor(random() * Math.min(capMs, firstMs * 2 ** Math.min(made - 1, 30)));
}
