// The order of an account's queue. In: the job's band and the end of its range. Out: a BullMQ priority, smaller first. Bands come in the
// order below; within a band the newest range is first, which also mixes symbols and timeframes. The priority depends on the job alone,
// not on the time of planning, so that jobs of different plans are in one order.

/** First to last: what was just streamed, small reads that others need, daily re-reads, requests by people, gaps, history. */
export const BANDS = ['event', 'housekeeping', 'reread', 'request', 'gap', 'history'] as const;
export type Band = (typeof BANDS)[number];

const STEPS = 2 ** 18;
const STEP_US = 4 * 3600 * 1_000_000;

/** 1 … 2^21. Ranges that end within the same four hours have equal priority. `toUs` null: as if it ended just now. */
export function jobPriority(band: Band, toUs: number | null): number {
  const step = toUs === null ? STEPS - 1 : Math.min(STEPS - 1, Math.max(0, Math.floor((toUs - 1) / STEP_US)));
  return 1 + BANDS.indexOf(band) * STEPS + (STEPS - 1 - step);
}
