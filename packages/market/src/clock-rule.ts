// A clock rule says how a broker's wall clock stands to UTC: an IANA zone plus a fixed shift (`America/New_York+7h`),
// or a fixed offset (`UTC+3h`). In: broker times. Out: UTC times, with the hour that occurs twice and the hour that
// never occurs named as such.

import type { BrokerMs, UtcMs } from './time.ts';
import { type OffsetInterval, zoneIntervals } from './zone-transitions.ts';

/** How a broker time stands on its wall clock: once, in the hour that repeats, or in the hour that is skipped. */
export type Occurrence = 'once' | 'twice' | 'never';
/** Which pass through a repeated hour. */
export type Pass = 1 | 2;

export interface UtcReading {
  readonly ms: UtcMs;
  /** Broker wall clock minus UTC in seconds, as applied. */
  readonly offsetS: number;
  readonly occurrence: Occurrence;
  readonly pass: Pass;
}

/** An instant at which the wall clock is set. Forward when `afterS` is the larger offset, back when it is the smaller. */
export interface ClockSwitch {
  readonly utcMs: number;
  readonly beforeS: number;
  readonly afterS: number;
}

/** Wall-clock times `[fromMs, toMs)` that occur twice, and the offset of either pass. */
export interface RepeatedHour {
  readonly fromMs: BrokerMs;
  readonly toMs: BrokerMs;
  readonly firstS: number;
  readonly secondS: number;
}

const HOUR = 3_600_000;
const ZONE_RULE = /^([A-Za-z]+(?:\/[A-Za-z0-9_+-]+?)*?)(?:([+-])(\d{1,2})h(?:(\d{1,2})m)?)?$/;

/** Thrown by `parseClockRule` for a text that is no rule. */
export class ClockRuleError extends Error {
  readonly code = 'CLOCK_RULE_INVALID';
}

export class ClockRule {
  /** Canonical spelling; two rules are the same rule exactly when their ids are equal. */
  readonly id: string;
  readonly #intervals: readonly OffsetInterval[];
  #hot: OffsetInterval;
  #hotFrom = Number.POSITIVE_INFINITY;
  #hotTo = Number.NEGATIVE_INFINITY;

  constructor(id: string, intervals: readonly OffsetInterval[]) {
    this.id = id;
    this.#intervals = intervals;
    this.#hot = intervals[0] as OffsetInterval;
  }

  /** Broker wall clock minus UTC in seconds at a true UTC instant. */
  offsetAt(utc: number): number {
    return this.#intervalAt(utc).offsetS;
  }

  toBroker(utc: UtcMs): BrokerMs {
    return (utc + this.offsetAt(utc) * 1000) as BrokerMs;
  }

  /**
   * UTC of a broker time far from any switch; null close to one, where `read` must be asked. The hot path of ticks.
   */
  offsetIfPlain(broker: BrokerMs): number | null {
    if (broker >= this.#hotFrom && broker < this.#hotTo) return this.#hot.offsetS;
    const interval = this.#intervalAt(broker - 12 * HOUR);
    const from = interval.fromUtcMs + interval.offsetS * 1000 + 26 * HOUR;
    const to = interval.toUtcMs + interval.offsetS * 1000 - 26 * HOUR;
    if (broker < from || broker >= to) return null;
    this.#hot = interval;
    this.#hotFrom = from;
    this.#hotTo = to;
    return interval.offsetS;
  }

  /**
   * UTC of a broker time. In an hour that occurs twice the reading is the pass asked for, or the one nearest to
   * `near`. In an hour that never occurs the offset from before the switch is applied.
   */
  read(broker: BrokerMs, near: { utcMs: number } | { pass: Pass }): UtcReading {
    const plain = this.offsetIfPlain(broker);
    if (plain !== null)
      return { ms: (broker - plain * 1000) as UtcMs, offsetS: plain, occurrence: 'once', pass: 1 };
    const fits = this.#candidates(broker);
    const [first, second] = fits;
    if (first === undefined) {
      const before = this.offsetAt(broker - this.#intervalAt(broker).offsetS * 1000 - 12 * HOUR);
      return { ms: (broker - before * 1000) as UtcMs, offsetS: before, occurrence: 'never', pass: 1 };
    }
    const reading = (offsetS: number, occurrence: Occurrence, pass: Pass): UtcReading => ({
      ms: (broker - offsetS * 1000) as UtcMs,
      offsetS,
      occurrence,
      pass,
    });
    if (second === undefined) return reading(first, 'once', 1);
    const wantsSecond =
      'pass' in near
        ? near.pass === 2
        : Math.abs(broker - second * 1000 - near.utcMs) < Math.abs(broker - first * 1000 - near.utcMs);
    return wantsSecond ? reading(second, 'twice', 2) : reading(first, 'twice', 1);
  }

  /** The settings of the wall clock with `fromUtcMs < utcMs < toUtcMs`, in order. */
  switchesBetween(fromUtcMs: number, toUtcMs: number): ClockSwitch[] {
    const found: ClockSwitch[] = [];
    for (let i = 1; i < this.#intervals.length; i++) {
      const { fromUtcMs: utcMs, offsetS: afterS } = this.#intervals[i] as OffsetInterval;
      if (utcMs >= toUtcMs) break;
      if (utcMs <= fromUtcMs) continue;
      found.push({ utcMs, beforeS: (this.#intervals[i - 1] as OffsetInterval).offsetS, afterS });
    }
    return found;
  }

  /** The repeated stretch of wall clock that holds a broker time; null where the time occurs once or never. */
  repeatedHourAt(broker: BrokerMs): RepeatedHour | null {
    if (this.offsetIfPlain(broker) !== null) return null;
    for (const { utcMs, beforeS, afterS } of this.switchesBetween(broker - 36 * HOUR, broker + 36 * HOUR)) {
      const fromMs = (utcMs + afterS * 1000) as BrokerMs;
      const toMs = (utcMs + beforeS * 1000) as BrokerMs;
      if (broker >= fromMs && broker < toMs) return { fromMs, toMs, firstS: beforeS, secondS: afterS };
    }
    return null;
  }

  /** Offsets under which this wall-clock time occurs, earliest instant first. */
  #candidates(broker: BrokerMs): number[] {
    const fits: number[] = [];
    for (const interval of this.#intervals) {
      const utc = broker - interval.offsetS * 1000;
      if (utc >= interval.fromUtcMs && utc < interval.toUtcMs) fits.push(interval.offsetS);
    }
    return fits.length > 1 ? fits.toSorted((a, b) => b - a) : fits;
  }

  #intervalAt(utc: number): OffsetInterval {
    let low = 0;
    let high = this.#intervals.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (utc < (this.#intervals[middle] as OffsetInterval).toUtcMs) high = middle;
      else low = middle + 1;
    }
    return this.#intervals[low] as OffsetInterval;
  }
}

const cache = new Map<string, ClockRule>();

const spellShift = (shiftS: number): string => {
  if (shiftS === 0) return '';
  const minutes = Math.abs(shiftS) / 60;
  const rest = minutes % 60 === 0 ? '' : `${minutes % 60}m`;
  return `${shiftS < 0 ? '-' : '+'}${Math.floor(minutes / 60)}h${rest}`;
};

const buildRule = (zone: string, shiftS: number): ClockRule => {
  if (zone.toUpperCase() === 'UTC') {
    const all = { fromUtcMs: Number.NEGATIVE_INFINITY, toUtcMs: Number.POSITIVE_INFINITY, offsetS: shiftS };
    return new ClockRule(`UTC${spellShift(shiftS)}`, [all]);
  }
  let intervals: OffsetInterval[];
  try {
    intervals = zoneIntervals(zone);
  } catch (cause) {
    throw new ClockRuleError(`"${zone}" is not a time zone of the IANA list`, { cause });
  }
  const shifted = intervals.map((interval) => ({ ...interval, offsetS: interval.offsetS + shiftS }));
  return new ClockRule(`${zone}${spellShift(shiftS)}`, shifted);
};

/**
 * Reads `America/New_York+7h`, `Europe/Athens`, `UTC+3h`, `UTC-2h30m`, `UTC`. Rules are shared: the same text gives the
 * same object. Throws ClockRuleError (CLOCK_RULE_INVALID).
 */
export const parseClockRule = (text: string): ClockRule => {
  const known = cache.get(text);
  if (known !== undefined) return known;
  const match = ZONE_RULE.exec(text.trim());
  const zone = match?.[1];
  if (match === null || zone === undefined) {
    throw new ClockRuleError(`"${text}" is not a clock rule such as America/New_York+7h or UTC+3h`);
  }
  const minutes = Number(match[3] ?? 0) * 60 + Number(match[4] ?? 0);
  if (minutes > 15 * 60 || Number(match[4] ?? 0) > 59)
    throw new ClockRuleError(`the shift of "${text}" is beyond 15 hours`);
  const rule = buildRule(zone, (match[2] === '-' ? -1 : 1) * minutes * 60);
  cache.set(text, rule);
  return rule;
};

/** A fixed rule for an offset in seconds east of UTC, in whole minutes. */
export const fixedRule = (offsetS: number): ClockRule =>
  parseClockRule(`UTC${spellShift(Math.round(offsetS / 60) * 60)}`);

/**
 * The rule to begin with, from the one thing `/ServerTimezone` tells: today's offset. New York + 7 h where it fits
 * (midnight at most brokers is 17:00 in New York), else Eastern European time, else the bare offset.
 */
export const defaultRule = (offsetS: number, now: UtcMs): ClockRule => {
  for (const text of ['America/New_York+7h', 'Europe/Athens']) {
    const rule = parseClockRule(text);
    if (rule.offsetAt(now) === offsetS) return rule;
  }
  return fixedRule(offsetS);
};
