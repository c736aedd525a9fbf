// The offset history of an IANA zone as a table, built once from the platform's own zone data and searched afterwards.
// In: a zone name. Out: half-open UTC intervals of constant offset from 2000 to the end of 2037.

/** `[fromUtcMs, toUtcMs)` with one offset in seconds east of UTC. The first and last interval are open-ended. */
export interface OffsetInterval {
  readonly fromUtcMs: number;
  readonly toUtcMs: number;
  readonly offsetS: number;
}

const FIRST = Date.UTC(2000, 0, 1);
const LAST = Date.UTC(2038, 0, 1);
const STEP = 7 * 86_400_000;

/** Reads the platform's offset of a zone at an instant, in seconds. */
export const platformOffset = (zone: string): ((utcMs: number) => number) => {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (utcMs) => {
    const parts: Record<string, number> = {};
    for (const part of format.formatToParts(utcMs)) parts[part.type] = Number(part.value);
    const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = parts;
    const wall = Date.UTC(year, month - 1, day, hour, minute, second);
    return Math.round((wall - Math.floor(utcMs / 1000) * 1000) / 1000);
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

/** All intervals of a zone. Throws RangeError when the platform does not know the zone. */
export const zoneIntervals = (zone: string): OffsetInterval[] => {
  const offset = platformOffset(zone);
  const intervals: OffsetInterval[] = [];
  let from = Number.NEGATIVE_INFINITY;
  let current = offset(FIRST);
  for (let at = FIRST; at < LAST; at += STEP) {
    const next = offset(at + STEP);
    if (next === current) continue;
    const change = findChange(offset, at, at + STEP, current);
    intervals.push({ fromUtcMs: from, toUtcMs: change, offsetS: current });
    from = change;
    current = next;
  }
  intervals.push({ fromUtcMs: from, toUtcMs: Number.POSITIVE_INFINITY, offsetS: current });
  return intervals;
};
