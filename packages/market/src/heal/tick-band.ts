// The usual share of the broker's ticks that the live stream has, per hour of the broker's week, learned from past weeks. In: hourly sums of one
// symbol. Out: the share below which a count is too low. A gateway may merge ticks in busy hours, so comparing counts directly would report
// holes where there are none.

import type { ClockRule } from '../time/clock-rule.ts';
import { utcMs } from '../time/time.ts';
import { HOUR_MS } from '../time/units.ts';

/** One hour of one symbol: `fromUs` its start in UTC microseconds, rows stored, and the broker's own count of ticks. */
export interface HourCount {
  readonly fromUs: number;
  readonly stored: number;
  readonly broker: number;
}

/** The lowest usual share of stored to counted ticks at a time; null if too little is known of that hour of the week. */
export type TickBand = (fromUs: number) => { readonly low: number } | null;

const WEEK_HOURS = 168;
/** Hours with fewer ticks are ignored. */
const LEAST_TICKS = 60;
/** How many weeks are needed for a band. */
const LEAST_WEEKS = 3;
/** A share this much lower than usual is still usual. */
const TOLERANCE = 0.05;
/** Four standard deviations from the median are still usual; 1.4826 converts a median deviation to a standard deviation. */
const DEVIATIONS = 4 * 1.4826;

const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const high = sorted[middle] as number;
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] as number) + high) / 2;
};

/** The low end of what is usual. Medians, so that one hour with an outage does not lower it. */
const lowOf = (shares: readonly number[]): number => {
  const usual = median(shares);
  const deviation = median(shares.map((share) => Math.abs(share - usual)));
  return Math.max(0, Math.min(usual * (1 - TOLERANCE), usual - DEVIATIONS * deviation));
};

/** Learns the band of one symbol from whole hours of past weeks. The caller leaves out hours with known gaps. */
export const learnBand = (samples: readonly HourCount[], rule: ClockRule): TickBand => {
  const hourOfWeek = (fromUs: number): number =>
    Math.floor(rule.toBroker(utcMs(fromUs / 1000)) / HOUR_MS) % WEEK_HOURS;
  const shares = new Map<number, number[]>();
  for (const { fromUs, stored, broker } of samples) {
    if (broker < LEAST_TICKS) continue;
    const hour = hourOfWeek(fromUs);
    const known = shares.get(hour);
    if (known === undefined) shares.set(hour, [stored / broker]);
    else known.push(stored / broker);
  }
  const lows = new Map<number, { readonly low: number }>();
  for (const [hour, known] of shares) if (known.length >= LEAST_WEEKS) lows.set(hour, { low: lowOf(known) });
  return (fromUs) => lows.get(hourOfWeek(fromUs)) ?? null;
};
