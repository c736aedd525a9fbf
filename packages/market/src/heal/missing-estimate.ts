// How many ticks a gap lost, from the broker's own count per minute. Minutes that the gap cuts are counted whole on both sides,
// so that what was stored of them before and after the gap is taken off.

import type { Range } from '../time/ranges.ts';

/** A minute bar in UTC microseconds, `[fromUs, toUs)`, with the broker's number of ticks. */
export interface CountedBar extends Range {
  readonly tickVolume: number;
}

/**
 * Sum over the minutes that overlap the gap of what the broker counted beyond the rows stored in that whole minute. Null when the
 * bars do not reach from the gap's start to its end: a minute without a bar had no ticks only where bars are known on both sides of
 * it, so pass the bars of a window wider than the gap.
 */
export const missingEstimate = (o: {
  readonly gap: Range;
  readonly bars: readonly CountedBar[];
  /** Start of a minute in UTC microseconds → rows stored in it; a minute that is not there has none. */
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
