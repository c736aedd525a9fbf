// Arithmetic of the bounds of gaps and coverage: rounding outwards to the resolution of a time, widening by the margin, and reading a bound
// as UTC by the clock rule in force.

import type { ClockRule } from '../time/clock-rule.ts';
import { LATE_MS } from './heartbeat-judge.ts';
import type { Fold } from '../time/clock-rule.ts';
import type { BrokerMs } from '../time/time.ts';

/**
 * A bound of a gap or a range: an instant of the broker's clock moved by some milliseconds, UTC outright, or whichever of several comes
 * first or last: only the clock rule shows which.
 */
export type Bound =
  | { readonly at: Instant; readonly byMs: number }
  | { readonly utcUs: number }
  | { readonly earliest: readonly Bound[] }
  | { readonly latest: readonly Bound[] };

/** The time of a heartbeat on the gateway's clock, with what is needed to read it as UTC. */
export interface Instant {
  readonly brokerMs: BrokerMs;
  readonly resolutionMs: number;
  readonly recvUs: number;
  /** Saved in the heads of tapes under this name. */
  readonly pass: Fold | null;
}

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

/** The earlier of two bounds; which one it is shows when both are read as UTC. */
export const earliest = (a: Bound, b: Bound): Bound => ({ earliest: [a, b] });

/** The later of two bounds. */
export const latest = (a: Bound, b: Bound): Bound => ({ latest: [a, b] });

/** UTC microseconds of a bound by our own clock, for people: no rule is asked. */
export const roughUs = (bound: Bound): number => resolve(bound, ({ at, byMs }) => at.recvUs + byMs * 1000);

/** True unless the one is surely not before the other: by our clock or by the broker's. */
export const mayPrecede = (a: Bound, b: Bound): boolean =>
  roughUs(a) < roughUs(b) || brokerOf(a) < brokerOf(b);

/** How long a range is, by our clock or the broker's, whichever says more. */
export const widthUs = (from: Bound, to: Bound): number =>
  Math.max(roughUs(to) - roughUs(from), brokerOf(to) - brokerOf(from));

const brokerOf = (bound: Bound): number => resolve(bound, ({ at, byMs }) => (at.brokerMs + byMs) * 1000);

const resolve = (bound: Bound, read: (bound: Extract<Bound, { at: Instant }>) => number): number => {
  if ('utcUs' in bound) return bound.utcUs;
  if ('at' in bound) return read(bound);
  return 'earliest' in bound
    ? Math.min(...bound.earliest.map((each) => resolve(each, read)))
    : Math.max(...bound.latest.map((each) => resolve(each, read)));
};

/**
 * UTC microseconds of a bound: the heartbeat it came from is read under the rule of its time, then moved in UTC, so that a margin
 * that reaches over a switch of the clock stays what it is.
 */
export const boundUtcUs = (bound: Bound, ruleOf: ClockRule | ((recvUs: number) => ClockRule)): number =>
  resolve(bound, ({ at: { brokerMs, recvUs, pass }, byMs }) => {
    const rule = typeof ruleOf === 'function' ? ruleOf(recvUs) : ruleOf;
    const near = pass === null ? { recvMs: recvUs / 1000 } : { fold: pass };
    return (rule.read(brokerMs, near).ms + byMs) * 1000;
  });
