// A clock rule: the offset of a broker's wall clock from UTC at any time. In: broker times. Out: UTC times; times that occur twice or never are
// marked. A rule is an IANA zone plus a fixed shift (`America/New_York+7h`), a fixed offset (`UTC+3h`), or several of these in sequence, because
// brokers change their clocks.

import type { BrokerMs, UtcMs } from './time.ts';
import type { OffsetInterval } from './zone-transitions.ts';
import { MINUTE_MS, HOUR_MS } from './units.ts';

/** How often a broker time occurs on its wall clock: once, twice in a repeated hour, or never in a skipped hour. */
export type Occurrence = 'once' | 'twice' | 'never';
/** Which of the two times that a repeated wall-clock hour occurs. Anything that occurs once has fold 1. */
export type Fold = 1 | 2;

export interface UtcReading {
  readonly ms: UtcMs;
  /** Broker wall clock minus UTC in seconds, as applied. */
  readonly offsetS: number;
  readonly occurrence: Occurrence;
  readonly fold: Fold;
}

/** An instant at which the wall clock is set: forward if `afterS` is larger than `beforeS`, else back. */
export interface ClockSwitch {
  readonly utcMs: number;
  readonly beforeS: number;
  readonly afterS: number;
}

/** Wall-clock times `[fromMs, toMs)` that occur twice, and the offset of each fold. */
export interface RepeatedHour {
  readonly fromMs: BrokerMs;
  readonly toMs: BrokerMs;
  readonly firstS: number;
  readonly secondS: number;
}

/** A simple rule and the instant from which it holds; −∞ for the first one. */
export interface RulePiece {
  readonly fromUtcMs: number;
  /** Id of a simple rule. */
  readonly rule: string;
}

/** What decides between the folds of a repeated hour: the fold itself, an instant near it, or when the time was received. */
export type Near = { readonly fold: Fold } | { readonly utcMs: number } | { readonly recvMs: number };

/** Our clock and the broker's may differ by this much. A time later than its receipt by more would lie in the future. */
const AHEAD_MS = MINUTE_MS;
/** How early or late a server may set its clock, relative to the minute that its rule names. */
const SET_MS = 10_000;

const isSecond = (firstMs: number, secondMs: number, near: Near): boolean => {
  if ('fold' in near) return near.fold === 2;
  const at = 'utcMs' in near ? near.utcMs : near.recvMs;
  const nearer = Math.abs(secondMs - at) < Math.abs(firstMs - at);
  return nearer && ('utcMs' in near || secondMs <= at + AHEAD_MS);
};

/** A zone lies within 14 hours of UTC, a shift within 15. */
const WIDEST_OFFSET = 29 * HOUR_MS;

export class ClockRule {
  /** Canonical spelling. Two rules are the same if their ids are equal. */
  readonly id: string;
  /** Its pieces in order; one for a simple rule. */
  readonly pieces: readonly RulePiece[];
  readonly #intervals: readonly OffsetInterval[];
  #hot: OffsetInterval;
  #hotFrom = Number.POSITIVE_INFINITY;
  #hotTo = Number.NEGATIVE_INFINITY;

  /** Use `parseClockRule` or `composeRule`. */
  constructor(
    id: string,
    intervals: readonly OffsetInterval[],
    pieces: readonly RulePiece[] = [{ fromUtcMs: Number.NEGATIVE_INFINITY, rule: id }],
  ) {
    this.id = id;
    this.pieces = pieces;
    this.#intervals = intervals;
    this.#hot = intervals[0] as OffsetInterval;
  }

  /** Broker wall clock minus UTC in seconds at a true UTC instant. */
  offsetAt(utc: number): number {
    return this.#intervalAt(utc).offsetS;
  }

  /** The stretches of constant offset, in order; the first and the last are open-ended. */
  get intervals(): readonly OffsetInterval[] {
    return this.#intervals;
  }

  /** Id of the simple rule that holds at an instant. */
  pieceAt(utc: number): string {
    return (this.pieces.findLast(({ fromUtcMs }) => fromUtcMs <= utc) ?? (this.pieces[0] as RulePiece)).rule;
  }

  toBroker(utc: UtcMs): BrokerMs {
    return (utc + this.offsetAt(utc) * 1000) as BrokerMs;
  }

  /**
   * The offset of a broker time far from any switch; null close to one, where `read` decides. The hot path of ticks.
   */
  offsetIfPlain(broker: BrokerMs): number | null {
    if (broker >= this.#hotFrom && broker < this.#hotTo) return this.#hot.offsetS;
    const interval = this.#intervalAt(broker - 12 * HOUR_MS);
    const from = interval.fromUtcMs + interval.offsetS * 1000 + 26 * HOUR_MS;
    const to = interval.toUtcMs + interval.offsetS * 1000 - 26 * HOUR_MS;
    if (broker < from || broker >= to) return null;
    this.#hot = interval;
    this.#hotFrom = from;
    this.#hotTo = to;
    return interval.offsetS;
  }

  /**
   * Converts a broker time to UTC. In a repeated hour it uses the given fold, the fold nearest to `utcMs`, or the fold nearest to the receive
   * time that is not after it. In a skipped hour it uses the offset from before the switch. A time received within seconds of a switch may
   * have the offset of the other side.
   */
  read(broker: BrokerMs, near: Near): UtcReading {
    const plain = this.offsetIfPlain(broker);
    if (plain !== null)
      return { ms: (broker - plain * 1000) as UtcMs, offsetS: plain, occurrence: 'once', fold: 1 };
    const strict = this.#strictly(broker, near);
    if (!('recvMs' in near)) return strict;
    const isOfNow = (utc: number): boolean => Math.abs(utc - near.recvMs) <= AHEAD_MS;
    if (isOfNow(strict.ms)) return strict;
    const offsetS = this.#candidates(broker, SET_MS).find((each) => isOfNow(broker - each * 1000));
    if (offsetS === undefined) return strict;
    return { ms: (broker - offsetS * 1000) as UtcMs, offsetS, occurrence: 'once', fold: 1 };
  }

  #strictly(broker: BrokerMs, near: Near): UtcReading {
    const fits = this.#candidates(broker, 0);
    const [first, second] = fits;
    if (first === undefined) {
      const before = this.offsetAt(broker - this.#intervalAt(broker).offsetS * 1000 - 12 * HOUR_MS);
      return { ms: (broker - before * 1000) as UtcMs, offsetS: before, occurrence: 'never', fold: 1 };
    }
    const reading = (offsetS: number, occurrence: Occurrence, fold: Fold): UtcReading => ({
      ms: (broker - offsetS * 1000) as UtcMs,
      offsetS,
      occurrence,
      fold,
    });
    if (second === undefined) return reading(first, 'once', 1);
    return isSecond(broker - first * 1000, broker - second * 1000, near)
      ? reading(second, 'twice', 2)
      : reading(first, 'twice', 1);
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
    for (const { utcMs, beforeS, afterS } of this.switchesBetween(
      broker - 36 * HOUR_MS,
      broker + 36 * HOUR_MS,
    )) {
      const fromMs = (utcMs + afterS * 1000) as BrokerMs;
      const toMs = (utcMs + beforeS * 1000) as BrokerMs;
      if (broker >= fromMs && broker < toMs) return { fromMs, toMs, firstS: beforeS, secondS: afterS };
    }
    return null;
  }

  /** Offsets with which this wall-clock time occurs, or would if the clock were set that much earlier or later; earliest instant first. */
  #candidates(broker: BrokerMs, looseMs: number): number[] {
    const fits: number[] = [];
    for (let i = this.#indexAt(broker - WIDEST_OFFSET); i < this.#intervals.length; i++) {
      const { fromUtcMs, offsetS, toUtcMs } = this.#intervals[i] as OffsetInterval;
      if (fromUtcMs > broker + WIDEST_OFFSET) break;
      const utc = broker - offsetS * 1000;
      if (utc >= fromUtcMs - looseMs && utc < toUtcMs + looseMs) fits.push(offsetS);
    }
    return fits.length > 1 ? fits.toSorted((a, b) => b - a) : fits;
  }

  #intervalAt(utc: number): OffsetInterval {
    return this.#intervals[this.#indexAt(utc)] as OffsetInterval;
  }

  #indexAt(utc: number): number {
    let low = 0;
    let high = this.#intervals.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (utc < (this.#intervals[middle] as OffsetInterval).toUtcMs) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
