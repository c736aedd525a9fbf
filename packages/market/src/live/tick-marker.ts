// Tells live ticks from snapshots, which restate a tick that is already known. The gateway answers every subscription with one snapshot
// of the last tick. Neither its order nor its time is guaranteed: it may come before or after the acknowledgement, before or after live
// frames, at once or seconds later. The marker gives each tick frame a mark when it is received, and the mark goes onto the tape.
//
//   idle ──arm (subscription written)──► watching ──SETTLE after the acknowledgement──► lingering ──snapshot seen, or LINGER──► over
//
// A frame equal in time and content to the tick known before the subscription is a `repeat`. While watching or lingering, so is a frame
// equal to any frame since the subscription was sent. At worst this drops a genuine equal tick. While watching, that tick lies inside the
// gap that every subscription has; later, the ledger opens a gap for it. A snapshot of a tick that was not known before is written, as
// `snapshot`. No tick is ever written twice.

import type { TickMark } from './mark.ts';
import { type BrokerMs, parseBrokerTime } from '../time/time.ts';
import type { WireTick } from '../tables/wire.ts';

/** The content by which two ticks are compared. Null for absent or zero `last` and `volume`. */
export interface KnownTick {
  readonly ms: BrokerMs;
  readonly bid: number;
  readonly ask: number;
  readonly last: number | null;
  readonly volume: number | null;
}

/** Snapshots usually come within this time after the acknowledgement. Shorter than a gap's margin. */
export const SETTLE_MS = 1500;
/** Later than this after the acknowledgement, only a frame equal to the tick known before is taken for a snapshot. */
export const LINGER_MS = 30_000;
/** Equal ticks of one moment arrive together: a frame that repeats the newest tick later than this is a snapshot, not a second tick. */
export const TWIN_MS = 1000;
/** A live tick may be this much older than the subscription request. */
const SLOW_MS = 1000;
/** Clocks are set by multiples of this. A first frame older by nearly such a multiple may be a live tick from before its clock was set. */
const SET_BY_MS = 900_000;
const NEARLY_MS = 5000;
/** A tick ahead of the others by less than this is not odd: the guard accepts it. */
const ODD_MS = 1_200_000;
const MAX_SEEN = 16_384;

interface Watch {
  readonly before: KnownTick | null;
  /** In order of time. */
  seen: KnownTick[];
  /** Those of `seen` that turned out to be ahead of the ones that followed: a tick may come with any time. */
  odd: KnownTick[];
  /** The frame before was older than the newest. */
  overtaken: boolean;
  /** When the newest of them came. */
  newestAtMs: number;
  /** A frame has come since the subscription was written. */
  answered: boolean;
  /** Null: the server's clock runs at another pace than ours. */
  readonly askedAtMs: number | null;
  /** The latest time that the first frame may stand for, while it may still be a live tick from after the request. */
  firstMs: number | null;
  /** How much older than a later frame the first one looked; null while it does not look older. */
  olderMs: number | null;
  /** The watch is over: only the tick known before is still recognised. */
  over: boolean;
  /** Snapshots that may still come: one for each time the subscription was written. */
  due: number;
  ackedAtMs: number;
}

const same = (a: KnownTick, b: KnownTick): boolean =>
  a.ms === b.ms && a.bid === b.bid && a.ask === b.ask && a.last === b.last && a.volume === b.volume;

/** Where a tick belongs among those that are in order of time: behind equal ones. Frames come nearly in order, so the search begins at the end. */
const placeOf = (seen: readonly KnownTick[], { ms }: KnownTick): number => {
  let place = seen.length;
  while (place > 0 && (seen[place - 1] as KnownTick).ms > ms) place--;
  return place;
};

const seenBefore = (seen: readonly KnownTick[], tick: KnownTick): boolean => {
  for (let i = placeOf(seen, tick) - 1; i >= 0 && (seen[i] as KnownTick).ms === tick.ms; i--)
    if (same(seen[i] as KnownTick, tick)) return true;
  return false;
};

/** Null for a value without information: absent, zero, or not a number. */
export const knownOrNull = (value: number | null | undefined): number | null =>
  value === undefined || value === null || value === 0 || Number.isNaN(value) ? null : value;

/** The content that frames are compared by; null when the time cannot be read. `time`: the parsed time, where it is known. */
export const knownTick = (tick: WireTick, time = parseBrokerTime(tick.time)): KnownTick | null => {
  if (time === null) return null;
  const { ask, bid } = tick;
  return { ms: time.ms, bid, ask, last: knownOrNull(tick.last), volume: knownOrNull(tick.volume) };
};

export class TickMarker {
  readonly #watches = new Map<string, Watch>();

  /** A connection begins: nothing is subscribed. */
  connected(): void {
    this.#watches.clear();
  }

  /**
   * A subscription of this symbol is about to be written: from here a snapshot may come. `before`: its last tick, if one is known. `monoMs`
   * is null for a gateway that plays an old day at a pace of its own.
   */
  arm(symbol: string, before: KnownTick | null, monoMs: number | null): void {
    const again = this.#watches.get(symbol);
    this.#watches.set(symbol, {
      before,
      seen: again?.seen ?? [],
      odd: again?.odd ?? [],
      overtaken: false,
      newestAtMs: again?.newestAtMs ?? 0,
      answered: false,
      askedAtMs: monoMs,
      firstMs: null,
      olderMs: null,
      over: false,
      due: (again?.due ?? 0) + 1,
      ackedAtMs: Number.POSITIVE_INFINITY,
    });
  }

  /** The gateway acknowledged the subscription. */
  acknowledged(symbol: string, monoMs: number): void {
    const watch = this.#watches.get(symbol);
    if (watch !== undefined) watch.ackedAtMs = monoMs;
  }

  /** Marks a tick frame. `tick`: its content. `monoMs`: its receive time, monotonic. */
  mark(symbol: string, tick: KnownTick, monoMs: number): TickMark {
    const watch = this.#watches.get(symbol);
    if (watch === undefined) return 'live';
    const first = !watch.answered;
    watch.answered = true;
    const waitedMs = monoMs - watch.ackedAtMs;
    // A frame equal to the tick known before is a restatement, however late it comes: a live tick would be newer.
    if (watch.before !== null && same(watch.before, tick)) {
      watch.due--;
      return 'repeat';
    }
    if (!watch.over && (waitedMs >= LINGER_MS || (waitedMs >= SETTLE_MS && watch.due <= 0))) {
      watch.over = true;
      watch.seen = [];
      watch.odd = [];
    }
    if (watch.over) return 'live';
    if (!first) tellFirst(watch, tick, monoMs);
    if (!seenBefore(watch.seen, tick) && !watch.odd.some((odd) => same(odd, tick)))
      return newTick(watch, tick, first, monoMs);
    const newest = watch.seen.at(-1) as KnownTick;
    if (tick.ms < newest.ms || monoMs - watch.newestAtMs >= TWIN_MS) watch.due--;
    return 'repeat';
  }
}

/**
 * Decides whether the first frame was the snapshot. A later tick of the same symbol shows how far the symbol's time had advanced at the
 * request. A first frame more than a second older than that is the snapshot, and no other one is due. A nearer one may be a live tick that
 * was slow. The symbol's own ticks are compared, so a delayed symbol is judged by its own delay. Beyond twenty minutes the next tick has
 * to agree: one may come with any time.
 */
const tellFirst = (watch: Watch, { ms }: KnownTick, monoMs: number): void => {
  const { askedAtMs, firstMs } = watch;
  if (firstMs === null || askedAtMs === null) return;
  const olderMs = ms - (monoMs - askedAtMs) - firstMs;
  const before = watch.olderMs;
  const isAgreed = before !== null && Math.abs(olderMs - before) <= NEARLY_MS;
  watch.olderMs = olderMs > SLOW_MS ? olderMs : null;
  if (!isAgreed && (olderMs <= SLOW_MS || olderMs > ODD_MS)) return;
  const beyondMs = Math.abs(olderMs - SET_BY_MS * Math.round(olderMs / SET_BY_MS));
  if (olderMs > SET_BY_MS / 2 && beyondMs < NEARLY_MS) return;
  watch.firstMs = null;
  watch.due--;
};

const bounded = (ticks: KnownTick[]): KnownTick[] =>
  ticks.length < MAX_SEEN ? ticks : ticks.slice(MAX_SEEN / 2);

const newTick = (watch: Watch, tick: KnownTick, first: boolean, monoMs: number): TickMark => {
  const newest = watch.seen.at(-1);
  const isOlder = newest !== undefined && tick.ms < newest.ms;
  // Of two in a row that are older than the newest, what lies ahead of them is odd.
  if (isOlder && watch.overtaken) watch.odd.push(...watch.seen.splice(placeOf(watch.seen, tick)));
  const overtaken = isOlder && !watch.overtaken;
  watch.overtaken = overtaken;
  watch.seen = bounded(watch.seen);
  watch.odd = bounded(watch.odd);
  watch.seen.splice(placeOf(watch.seen, tick), 0, tick);
  if (!overtaken) watch.newestAtMs = monoMs;
  // A time of whole seconds may mean anything up to the next one.
  if (first) watch.firstMs = tick.ms % 1000 === 0 ? tick.ms + 999 : tick.ms;
  return first || overtaken ? 'snapshot' : 'live';
};
