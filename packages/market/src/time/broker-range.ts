// The bounds to ask the gateway for, so that the answer contains a range of UTC and can be read. In: a half-open range of UTC. Out: inclusive
// bounds as the history routes spell them. The gateway reads bounds as broker wall clock. At a switch of the clock its reading is
// undocumented: a bound in a repeated hour may mean either fold, and a bound in a skipped hour the time before or after. A repeated hour is
// readable only in an answer that begins before it and ends after it. So a range that touches a repeated hour is widened by an hour on both
// sides, and a bound in a skipped hour is moved outwards.

import type { ClockRule } from './clock-rule.ts';
import type { Range } from './ranges.ts';
import { type BrokerMs, brokerMs, formatBrokerTime, utcMs } from './time.ts';
import { SECOND_MS, HOUR_MS, DAY_MS } from './units.ts';

/** Added on both sides of a repeated hour: longer than any bar that lies in one fold. */
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

/** The same, with an hour around each repeated hour that the range touches: rows there show its folds. */
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

/** The bound, or for a skipped time the time that the clock showed instead, which cannot be read as earlier. */
const occurring = (bound: BrokerMs, rule: ClockRule): BrokerMs => {
  const reading = rule.read(bound, { fold: 1 });
  return reading.occurrence === 'never' ? rule.toBroker(utcMs(reading.ms)) : bound;
};

/**
 * Bounds `YYYY-MM-DDTHH:MM:SS` in broker wall clock, both inclusive. Every instant of the range lies between them, in whichever fold and however
 * the gateway reads it. They are widened to whole seconds, and at a switch of the clock, so the answer may have rows outside of the range.
 */
export const brokerRange = (range: Range, rule: ClockRule): { from: string; to: string } => {
  const { from, to } = readable(secondsOut(range), rule);
  return {
    from: formatBrokerTime(from).slice(0, 19),
    to: formatBrokerTime(occurring(to, rule)).slice(0, 19),
  };
};

/**
 * The first and last broker day `YYYY-MM-DD` of a range, for routes that take dates only. The last day is meant whole: for a gateway that reads a
 * date as its midnight, ask for the day after it.
 */
export const brokerDays = (range: Range, rule: ClockRule): { from: string; to: string } => {
  const wall = wallClock(secondsOut(range), rule);
  const last = Math.max(wall.from, wall.to - 1);
  return {
    from: formatBrokerTime(wall.from).slice(0, 10),
    to: formatBrokerTime(brokerMs(last)).slice(0, 10),
  };
};
