// Who goes first in an account's queue. In: why the job exists and the end of its range. Out: a BullMQ priority, smaller first:
// what was just streamed, then small reads that everything needs and those of the day, then what a person asked for, then gaps and history;
// inside each of these the newest range first, which also mixes symbols and timeframes. It depends on the job alone, never on the
// moment of planning, so that a plan of yesterday and one of today stand in one order.

/** First to last. */
export const BANDS = ['event', 'housekeeping', 'reread', 'request', 'gap', 'history'] as const;
export type Band = (typeof BANDS)[number];

const STEPS = 2 ** 18;
const STEP_US = 4 * 3600 * 1_000_000;

/** 1 … 2^21. Ranges that end within the same four hours are equal and go in order of arrival. Null: as if it ended just now. */
export function jobPriority(band: Band, toUs: number | null): number {
  const step = toUs === null ? STEPS - 1 : Math.min(STEPS - 1, Math.max(0, Math.floor((toUs - 1) / STEP_US)));
  return 1 + BANDS.indexOf(band) * STEPS + (STEPS - 1 - step);
}
