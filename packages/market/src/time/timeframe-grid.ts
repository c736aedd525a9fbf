// Where the bars of a timeframe begin and end on the broker's wall clock, as MetaTrader cuts them: weeks begin on Sunday,
// months on the first. In: broker times. Out: broker times, or the UTC time up to which bars can be closed.

import type { ClockRule } from './clock-rule.ts';
import { type BrokerMs, brokerMs, utcMs } from './time.ts';
import { MINUTE_MS, HOUR_MS, DAY_MS, MS_US } from './units.ts';

const LENGTH_MS: Readonly<Record<string, number | undefined>> = {
  M1: MINUTE_MS,
  M5: 5 * MINUTE_MS,
  M15: 15 * MINUTE_MS,
  M30: 30 * MINUTE_MS,
  H1: HOUR_MS,
  H4: 4 * HOUR_MS,
  D1: DAY_MS,
  W1: 7 * DAY_MS,
};

/** How long after its end a bar is taken for closed when no later bar says so, in milliseconds. */
export const CLOSED_GRACE_MS = 2 * MINUTE_MS;

/** Wall-clock length of a timeframe in milliseconds, null for months. Throws RangeError for a name that is none of the nine. */
const lengthMs = (timeframe: string): number | null => {
  if (timeframe === 'MN1') return null;
  const length = LENGTH_MS[timeframe];
  if (length === undefined) throw new RangeError(`"${timeframe}" is not a timeframe`);
  return length;
};

/** The longest that one bar can last, in microseconds. */
export const barWidthUs = (timeframe: string): number => (lengthMs(timeframe) ?? 31 * DAY_MS) * MS_US;

/** The least time between the opens of two bars, in microseconds: a switch of the clock, or February, can make one shorter. */
export const leastBarApartUs = (timeframe: string): number => {
  const length = lengthMs(timeframe) ?? 28 * DAY_MS;
  return (length <= HOUR_MS ? length : length - HOUR_MS) * MS_US;
};

/** Open time of the bar that holds a broker time. Throws RangeError for a name that is no timeframe. */
export const barOpenOf = (timeframe: string, at: BrokerMs): BrokerMs => {
  const length = lengthMs(timeframe);
  if (length === null) {
    const date = new Date(at);
    return brokerMs(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1));
  }
  // 1970-01-01 was a Thursday: the first Sunday is day 3.
  const phase = timeframe === 'W1' ? 3 * DAY_MS : 0;
  const into = (at - phase) % length;
  return brokerMs(at - into - (into < 0 ? length : 0));
};

/** First broker time after the bar that opens at `open`: the open of the next bar of the grid. */
export const barEndOf = (timeframe: string, open: BrokerMs): BrokerMs => {
  const length = lengthMs(timeframe);
  if (length !== null) return brokerMs(open + length);
  const date = new Date(open);
  return brokerMs(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1));
};

/**
 * UTC milliseconds of a bar's end: the first instant after its open at which the wall clock shows the end. A day over a
 * switch of the clock is 23 or 25 hours long, and so is the bar.
 */
export const barEndUtcMs = (timeframe: string, openUtcMs: number, rule: ClockRule): number => {
  const end = barEndOf(timeframe, rule.toBroker(utcMs(openUtcMs)));
  const first = rule.read(end, { fold: 1 }).ms;
  return first > openUtcMs ? first : rule.read(end, { fold: 2 }).ms;
};

/**
 * UTC microseconds up to which bars of a timeframe can be closed and asked for: the open of the bar that was forming two
 * minutes before `brokerNow`. In the hour that repeats it stays with the first fold until the hour is over.
 */
export const closedUntil = (timeframe: string, brokerNow: BrokerMs, rule: ClockRule): number => {
  const settled = rule.read(brokerNow, { fold: 1 }).ms - CLOSED_GRACE_MS;
  const open = barOpenOf(timeframe, rule.toBroker(utcMs(settled)));
  return rule.read(open, { fold: 1 }).ms * 1000;
};
