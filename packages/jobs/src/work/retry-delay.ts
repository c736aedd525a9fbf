// How long a failed job waits before its next try: full jitter, so that a thousand jobs that failed together do not come back
// together. In: the declaration's back-off and the tries made. Out: milliseconds.
import type { JobDefinition } from '../catalogue/catalogue.ts';

/** Evenly spread over [0, min(capMs, firstMs × 2^(made − 1))); `random` gives [0, 1). `made` counts from 1. */
export function retryDelayMs(
  backoff: JobDefinition<never>['backoff'],
  made: number,
  random: () => number,
): number {
  const full = Math.min(backoff.capMs, backoff.firstMs * 2 ** Math.min(made - 1, 30));
  return Math.floor(random() * full);
}
