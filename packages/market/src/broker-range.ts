// What to ask the gateway for, so that a range of UTC is inside the answer. The gateway reads bounds as broker wall clock,
// and at a switch of the clock nobody promises how: a bound in an hour that occurs twice may be read as either pass, one in an
// hour that never occurs as before or after. Such bounds are moved outwards to a time that can be read in one way only.
// In: a half-open range of UTC. Out: inclusive bounds as the history routes spell them.

import type { ClockRule } from './clock-rule.ts';
import type { Range } from './ranges.ts';
import { type BrokerMs, brokerMs, formatBrokerTime, utcMs } from './time.ts';

const SECOND = 1000;

interface Utc {
  readonly from: number;
  readonly to: number;
}

/** UTC milliseconds, rounded outwards to the seconds that a bound can name. */
const secondsOut = (range: Range): Utc => ({
  from: Math.floor(range.fromUs / 1000 / SECOND) * SECOND,
  to: Math.ceil(range.toUs / 1000 / SECOND) * SECOND,
});

/** The wall-clock times that pass during a range, from the least to the greatest, the end included. */
const wallClock = ({ from, to }: Utc, rule: ClockRule): { from: BrokerMs; to: BrokerMs } => {
  let least = from + rule.offsetAt(from) * SECOND;
  let greatest = to + rule.offsetAt(to - 1) * SECOND;
  for (const { utcMs: at, beforeS, afterS } of rule.switchesBetween(from, to)) {
    least = Math.min(least, at + afterS * SECOND);
    greatest = Math.max(greatest, at + beforeS * SECOND);
  }
  return { from: brokerMs(least), to: brokerMs(greatest) };
};

/** The bound, or a time before it that nobody can read as an instant after `fromUtcMs`. */
const readNoLater = (bound: BrokerMs, fromUtcMs: number, rule: ClockRule): BrokerMs => {
  const repeated = rule.repeatedHourAt(bound);
  if (repeated === null || rule.read(bound, { pass: 2 }).ms <= fromUtcMs) return bound;
  return brokerMs(repeated.fromMs - SECOND);
};

/** The bound, or a time after it that nobody can read as an instant before `toUtcMs`. */
const readNoEarlier = (bound: BrokerMs, toUtcMs: number, rule: ClockRule): BrokerMs => {
  const reading = rule.read(bound, { pass: 1 });
  if (reading.occurrence === 'never') {
    // With the offset from before the switch it is an instant at or after the switch, where the clock shows more.
    return rule.toBroker(utcMs(reading.ms));
  }
  return reading.ms < toUtcMs ? (rule.repeatedHourAt(bound)?.toMs ?? bound) : bound;
};

/**
 * Bounds `YYYY-MM-DDTHH:MM:SS` in broker wall clock, both inclusive: every instant of the range lies between them, whichever
 * pass of a repeated hour it is in and whichever the gateway reads. Widened only at a switch, and to whole seconds.
 */
export const brokerRange = (range: Range, rule: ClockRule): { from: string; to: string } => {
  const utc = secondsOut(range);
  const wall = wallClock(utc, rule);
  return {
    from: formatBrokerTime(readNoLater(wall.from, utc.from, rule)).slice(0, 19),
    to: formatBrokerTime(readNoEarlier(wall.to, utc.to, rule)).slice(0, 19),
  };
};

/**
 * The broker's days `YYYY-MM-DD` that hold an instant of the range, first and last, for routes that take dates only. The
 * last day is meant whole: where a gateway reads a date as its midnight, the day after it has to be asked for.
 */
export const brokerDays = (range: Range, rule: ClockRule): { from: string; to: string } => {
  const wall = wallClock(secondsOut(range), rule);
  const last = Math.max(wall.from, wall.to - 1);
  return {
    from: formatBrokerTime(wall.from).slice(0, 10),
    to: formatBrokerTime(brokerMs(last)).slice(0, 10),
  };
};
