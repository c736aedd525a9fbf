// Rounds a measured or stated difference between broker's wall clock and UTC to an offset. In: seconds. Out: the offset in whole quarters of an
// hour, or null if no time zone has such an offset.

import { HOUR_S } from './units.ts';

const QUARTER_S = 900;
/** Covers the inaccuracy of the clock and the age of a tick that was just seen. */
const TOLERANCE_S = 90;
/** Zones lie between UTC−12 and UTC+14; the limit is the same on both sides for simplicity. */
const WIDEST_S = 14 * HOUR_S;

/** Null if the difference is more than 90 s from a quarter of an hour, or beyond 14 hours. */
export const clockOffset = (differenceS: number): number | null => {
  const offsetS = Math.round(differenceS / QUARTER_S) * QUARTER_S;
  if (!Number.isFinite(differenceS) || Math.abs(offsetS) > WIDEST_S) return null;
  // Adding zero turns −0 into 0.
  return Math.abs(differenceS - offsetS) <= TOLERANCE_S ? offsetS + 0 : null;
};
