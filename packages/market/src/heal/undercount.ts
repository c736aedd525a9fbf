// Minutes in which the live stream clearly has fewer ticks than the broker counted, though no gap says so. In: minutes with both
// counts, the band of what is usual, the gaps that are known. Out: ranges for gaps of cause `undercount`, adjacent minutes as one.

import { intersect, type Range, unite } from '../time/ranges.ts';
import type { TickBand } from './tick-band.ts';
import { MINUTE_US } from '../time/units.ts';

/** A minute of one symbol for which the broker has a bar: its start in UTC microseconds, and both counts of ticks. */
export interface MinuteCount {
  readonly fromUs: number;
  readonly stored: number;
  readonly broker: number;
}

/** No tick at all is a shortfall where the broker has this many; and no shortfall is clear below it. */
export const CLEAR_TICKS = 5;
/** A share of a minute varies by chance around that of its hour; within three deviations it says nothing. */
const DEVIATIONS = 3;

const isClear = ({ stored, broker }: MinuteCount, low: number | null): boolean => {
  if (stored === 0 && broker >= CLEAR_TICKS) return true;
  if (low === null) return false;
  const chance = DEVIATIONS * Math.sqrt(broker * Math.max(0, low * (1 - low)));
  return low * broker - stored >= Math.max(CLEAR_TICKS, chance);
};

/**
 * The ranges that are clearly short: below the usual low by five ticks or more and by more than chance explains, or without any
 * tick where the broker has five. Minutes that a known gap touches are left out. `band` may know nothing of an hour.
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
