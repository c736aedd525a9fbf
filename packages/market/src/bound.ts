// Arithmetic of bounds: rounding outwards to what a time string leaves open, widening by the margin, and reading a
// bound as UTC under the clock rule in force.

import type { ClockRule } from './clock/clock-rule.ts';
import { LATE_MS } from './heartbeat-judge.ts';
import type { Bound, Instant } from './ledger-state.ts';

/** The least margin by which the bounds of a gap are widened, in milliseconds. */
export const LEAST_MARGIN_MS = 2000;

/** Start of a gap whose last clean heartbeat is `at`: its string rounds down already. */
export const gapStart = (at: Instant, marginMs: number): Bound => ({ at, byMs: -marginMs });

/** End of a gap whose first clean heartbeat is `at`: up to the end of what its string leaves open. */
export const gapEnd = (at: Instant, marginMs: number): Bound => ({ at, byMs: at.resolutionMs + marginMs });

/**
 * Margin of a gap's end. What the marker still takes for repeats after `at` lies inside the gap too: ticks that come until its watch
 * settles are at most so much newer than a heartbeat that was itself late by less than what makes it `late`.
 */
export const endMarginMs = (at: Instant, settlesAtUs: number, marginMs: number): number =>
  Math.max(marginMs, Math.ceil(Math.max(0, settlesAtUs - at.recvUs) / 1000 + LATE_MS));

/** How far coverage may reach under a last clean heartbeat: it trails it by the margin. */
export const coverageEnd = (at: Instant, marginMs: number): Bound => ({ at, byMs: -marginMs });

/** Broker milliseconds from one bound to another; null when one of them is known in UTC only. */
export const brokerMsBetween = (from: Bound, to: Bound): number | null =>
  'at' in from && 'at' in to ? to.at.brokerMs + to.byMs - from.at.brokerMs - from.byMs : null;

/**
 * UTC microseconds of a bound: the heartbeat it came from is read under the rule, then moved in UTC, so that a margin
 * that reaches over a switch of the clock stays what it is.
 */
export const boundUtcUs = (bound: Bound, rule: ClockRule): number => {
  if ('utcUs' in bound) return bound.utcUs;
  const { brokerMs, recvUs, pass } = bound.at;
  const near = pass === null ? { recvMs: recvUs / 1000 } : { pass };
  return (rule.read(brokerMs, near).ms + bound.byMs) * 1000;
};
