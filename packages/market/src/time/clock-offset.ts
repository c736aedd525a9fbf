// Whether a difference of two clocks is the offset of one of them. In: broker's wall clock minus UTC in seconds, as somebody states or
// measured it. Out: the offset in whole quarters of an hour, or null: no clock on earth stands so, and what was said is unknown.

import { HOUR_S } from './units.ts';

const QUARTER_S = 900;
/** A clock is not set more exactly, and a tick that was just seen is not older. */
const TOLERANCE_S = 90;
/** From UTC−12 to UTC+14 there are zones; the same to either side is easier to say. */
const WIDEST_S = 14 * HOUR_S;

/** Null for what lies farther than 90 s from every quarter of an hour, or beyond 14 hours. */
export const clockOffset = (differenceS: number): number | null => {
  const offsetS = Math.round(differenceS / QUARTER_S) * QUARTER_S;
  if (!Number.isFinite(differenceS) || Math.abs(offsetS) > WIDEST_S) return null;
  // Adding zero: there is no offset of −0.
  return Math.abs(differenceS - offsetS) <= TOLERANCE_S ? offsetS + 0 : null;
};
