// The offset history of an IANA zone as a table, built once from the platform's zone data. In: a zone name. Out: half-open UTC intervals of
// constant offset from 2000 to the end of 2037, or of a part of that time.

import { DAY_MS, HOUR_S } from './units.ts';

/** `[fromUtcMs, toUtcMs)` with one offset in seconds east of UTC. The first and last interval are open-ended. */
export interface OffsetInterval {
  readonly fromUtcMs: number;
  readonly toUtcMs: number;
  readonly offsetS: number;
}

/** The time for which the table is exact, `[from, to)`. Before and after it, the first and the last offset continue. */
export const ZONE_TABLE = { fromUtcMs: Date.UTC(2000, 0, 1), toUtcMs: Date.UTC(2038, 0, 1) } as const;

/**
 * The zone is scanned in steps of this length. Two changes within one step, the second undoing the first, would be missed, but no zone has them:
 * the closest are 6.96 days apart (America/Boa_Vista in October 2000). A test checks this against the published data of all zones.
 */
export const SCAN_STEP_MS = 6 * DAY_MS;

/** `GMT`, `GMT-05:00`, `GMT+05:53:28` at the end of a formatted date. */
const GMT = /GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/;

/** Reads the platform's offset of a zone at an instant, in seconds. Throws RangeError for a zone that it does not know. */
export const platformOffset = (zone: string): ((utcMs: number) => number) => {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
  return (utcMs) => {
    const text = format.format(utcMs);
    const match = GMT.exec(text);
    if (match === null) throw new Error(`cannot read the offset of ${zone} from "${text}"`);
    const [, sign, hours = 0, minutes = 0, seconds = 0] = match;
    const size = Number(hours) * HOUR_S + Number(minutes) * 60 + Number(seconds);
    return sign === '-' ? -size : size;
  };
};

/** First instant (to the second) in `(lowMs, highMs]` at which the offset is no longer `offsetS`. */
const findChange = (
  offset: (utcMs: number) => number,
  lowMs: number,
  highMs: number,
  offsetS: number,
): number => {
  let low = lowMs;
  let high = highMs;
  while (high - low > 1000) {
    const middle = Math.floor((low + high) / 2000) * 1000;
    if (offset(middle) === offsetS) low = middle;
    else high = middle;
  }
  return high;
};

/** The time for which a table is exact, `[fromUtcMs, toUtcMs)`. */
export interface ZoneTable {
  readonly fromUtcMs: number;
  readonly toUtcMs: number;
}

/** The intervals of a zone. Throws RangeError if the platform does not know it. */
export const zoneIntervals = (
  zone: string,
  { fromUtcMs, toUtcMs }: ZoneTable = ZONE_TABLE,
  offset = platformOffset(zone),
): OffsetInterval[] => {
  const intervals: OffsetInterval[] = [];
  let from = Number.NEGATIVE_INFINITY;
  let current = offset(fromUtcMs);
  for (let at = fromUtcMs; at < toUtcMs; at += SCAN_STEP_MS) {
    const until = Math.min(at + SCAN_STEP_MS, toUtcMs);
    const next = offset(until);
    if (next === current) continue;
    const change = findChange(offset, at, until, current);
    intervals.push({ fromUtcMs: from, toUtcMs: change, offsetS: current });
    from = change;
    current = next;
  }
  intervals.push({ fromUtcMs: from, toUtcMs: Number.POSITIVE_INFINITY, offsetS: current });
  return intervals;
};
