// What to ask the gateway for, so that a range of UTC is inside the answer and can be read. The gateway reads bounds as broker
// wall clock, and at a switch of the clock nobody promises how: a bound in an hour that occurs twice may be read as either fold, one
// in an hour that never occurs as before or after. And an hour that occurs twice is readable only in an answer that begins before it
// and ends after it. So a range that touches such an hour is asked for with an hour on either side; a bound that never occurs is
// moved outwards. In: a half-open range of UTC. Out: inclusive bounds as the history routes spell them.

import type { ClockRule } from './clock-rule.ts';
import type { Range } from './ranges.ts';
import { type BrokerMs, brokerMs, formatBrokerTime, utcMs } from './time.ts';
import { SECOND_MS, HOUR_MS, DAY_MS } from './units.ts';

/** On either side of a repeated hour: the longest bar that does not hold both folds is shorter. */
const AROUND = HOUR_MS;

interface Utc {
  readonly from: number;
  readonly to: number;
}

/** UTC milliseconds, rounded outwards to the seconds that a bound can name. */
const secondsOut = (range: Range): Utc => ({
  from: Math.floor(range.fromUs / 1000 / SECOND_MS) * SECOND_MS,
  to: Math.ceil(range.toUs / 1000 / SECOND_MS) * SECOND_MS,
});

/** The wall-clock times that pass during a range, from the least to the greatest, the end included. */
const wallClock = ({ from, to }: Utc, rule: ClockRule): { from: BrokerMs; to: BrokerMs } => {
  let least = from + rule.offsetAt(from) * SECOND_MS;
  let greatest = to + rule.offsetAt(to - 1) * SECOND_MS;
  for (const { utcMs: at, beforeS, afterS } of rule.switchesBetween(from, to)) {
    least = Math.min(least, at + afterS * SECOND_MS);
    greatest = Math.max(greatest, at + beforeS * SECOND_MS);
  }
  return { from: brokerMs(least), to: brokerMs(greatest) };
};

/** The same, with what stands around each repeated hour that the range touches: rows there tell its folds apart. */
const readable = (utc: Utc, rule: ClockRule): { from: BrokerMs; to: BrokerMs } => {
  let { from, to } = wallClock(utc, rule);
  for (const { utcMs: at, beforeS, afterS } of rule.switchesBetween(utc.from - DAY_MS, utc.to + DAY_MS)) {
    const hour = (beforeS - afterS) * SECOND_MS;
    if (hour <= 0 || at - hour >= utc.to || at + hour <= utc.from) continue;
    from = brokerMs(Math.min(from, at + afterS * SECOND_MS - AROUND));
    to = brokerMs(Math.max(to, at + beforeS * SECOND_MS + AROUND));
  }
  return { from, to };
};

/** The bound, or where it never occurs the time that the clock showed instead: nobody can read that as earlier. */
const occurring = (bound: BrokerMs, rule: ClockRule): BrokerMs => {
  const reading = rule.read(bound, { fold: 1 });
  return reading.occurrence === 'never' ? rule.toBroker(utcMs(reading.ms)) : bound;
};

/**
 * Bounds `YYYY-MM-DDTHH:MM:SS` in broker wall clock, both inclusive: every instant of the range lies between them, whichever
 * fold of a repeated hour it is in and whichever the gateway reads. Widened at a switch alone, and to whole seconds; the answer has rows
 * beyond the range.
 */
export const brokerRange = (range: Range, rule: ClockRule): { from: string; to: string } => {
  const { from, to } = readable(secondsOut(range), rule);
  return {
    from: formatBrokerTime(from).slice(0, 19),
    to: formatBrokerTime(occurring(to, rule)).slice(0, 19),
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
