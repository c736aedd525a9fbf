// The grid of bars on the broker's wall clock, as MetaTrader cuts them: weeks begin on Sunday, months on the first. In: timeframes and broker
// times. Out: where bars begin and end, how long they are, and up to when they are closed.

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

/** How long after its end a bar counts as closed although no later bar exists, in milliseconds. */
export const CLOSED_GRACE_MS = 2 * MINUTE_MS;

/** Wall-clock length of a timeframe in milliseconds; null for months. Throws RangeError for an unknown timeframe. */
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

/** Open time of the bar that contains a broker time. Throws RangeError for an unknown timeframe. */
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
 * UTC milliseconds of a bar's end: the first instant after its open at which the wall clock shows the end. The daily bar over a switch of the
 * clock is 23 or 25 hours long.
 */
export const barEndUtcMs = (timeframe: string, openUtcMs: number, rule: ClockRule): number => {
  const end = barEndOf(timeframe, rule.toBroker(utcMs(openUtcMs)));
  const first = rule.read(end, { fold: 1 }).ms;
  return first > openUtcMs ? first : rule.read(end, { fold: 2 }).ms;
};

/**
 * UTC microseconds up to which bars of a timeframe are closed: the open of the bar that was forming two minutes before `brokerNow`. In a
 * repeated hour it stays in the first fold until the hour is over.
 */
export const closedUntil = (timeframe: string, brokerNow: BrokerMs, rule: ClockRule): number => {
  const settled = rule.read(brokerNow, { fold: 1 }).ms - CLOSED_GRACE_MS;
  const open = barOpenOf(timeframe, rule.toBroker(utcMs(settled)));
  return rule.read(open, { fold: 1 }).ms * 1000;
};
