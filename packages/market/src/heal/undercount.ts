// Finds minutes in which the live stream has clearly fewer ticks than the broker counted, outside of known gaps. In: minutes with both counts, the
// usual band, and the known gaps. Out: ranges for gaps with cause `undercount`; adjacent minutes are joined.

import { intersect, type Range, unite } from '../time/ranges.ts';
import type { TickBand } from './tick-band.ts';
import { MINUTE_US } from '../time/units.ts';

/** A minute of one symbol for which the broker has a bar: its start in UTC microseconds, and both counts of ticks. */
export interface MinuteCount {
  readonly fromUs: number;
  readonly stored: number;
  readonly broker: number;
}

/** Smaller shortfalls are never clear; a minute without any tick is clearly short if the broker counted this many. */
export const CLEAR_TICKS = 5;
/** The share of a minute varies by chance around that of its hour; three standard deviations are ignored. */
const DEVIATIONS = 3;

const isClear = ({ stored, broker }: MinuteCount, low: number | null): boolean => {
  if (stored === 0 && broker >= CLEAR_TICKS) return true;
  if (low === null) return false;
  const chance = DEVIATIONS * Math.sqrt(broker * Math.max(0, low * (1 - low)));
  return low * broker - stored >= Math.max(CLEAR_TICKS, chance);
};

/**
 * The ranges that are clearly short: five or more ticks below the usual low and more than chance explains, or without any tick where the broker
 * counted five. Minutes that touch a known gap are left out.
 */
export const undercount = (o: {
  readonly minutes: readonly MinuteCount[];
  readonly band: TickBand;
  readonly gaps: readonly Range[];
}): Range[] => {
  const short = o.minutes
    .filter((minute) => isClear(minute, o.band(minute.fromUs)?.low ?? null))
    .map(({ fromUs }) => ({ fromUs, toUs: fromUs + MINUTE_US }));
  if (short.length === 0) return [];
  const touched = new Set(intersect(short, o.gaps).flatMap(({ fromUs, toUs }) => minutesOf(fromUs, toUs)));
  return unite(short.filter(({ fromUs }) => !touched.has(fromUs)));
};

/** Starts of the whole minutes that a range touches. */
const minutesOf = (fromUs: number, toUs: number): number[] => {
  const starts: number[] = [];
  for (let at = Math.floor(fromUs / MINUTE_US) * MINUTE_US; at < toUs; at += MINUTE_US) starts.push(at);
  return starts;
};
