// Estimates how many ticks a gap lost. In: the broker's tick count per minute, and the stored rows per minute. Out: the number, or null. Minutes
// at the edges of the gap are counted whole, and the rows stored in them are subtracted.

import type { Range } from '../time/ranges.ts';

/** A minute bar in UTC microseconds, `[fromUs, toUs)`, with the broker's number of ticks. */
export interface CountedBar extends Range {
  readonly tickVolume: number;
}

/**
 * Sums, over the minutes that overlap the gap, the broker's count minus the rows stored in that minute. Null if the bars do not span the gap:
 * a minute without a bar is known to be empty only between known bars, so give the bars of a wider window.
 */
export const missingEstimate = (o: {
  readonly gap: Range;
  readonly bars: readonly CountedBar[];
  /** Rows stored by start of the minute in UTC microseconds; an absent minute has none. */
  readonly storedByMinute: ReadonlyMap<number, number>;
}): number | null => {
  const { gap, bars, storedByMinute } = o;
  const known = bars.some((bar) => bar.fromUs <= gap.fromUs) && bars.some((bar) => bar.toUs >= gap.toUs);
  if (!known) return null;
  let missing = 0;
  for (const bar of bars)
    if (bar.fromUs < gap.toUs && bar.toUs > gap.fromUs)
      missing += Math.max(0, bar.tickVolume - (storedByMinute.get(bar.fromUs) ?? 0));
  return missing;
};
