// Tells live ticks from restatements of a tick that is known already. Every subscription is answered with one snapshot of the last tick, in
// an order and at a time that nobody promises: before or after the acknowledgement, before or after live frames, at once or seconds later.
// The marker sees each tick frame when it is received and names it; the name goes onto the tape.
//
//   idle ──arm (subscription written)──► watching ──SETTLE after the acknowledgement──► lingering ──snapshot seen, or LINGER──► over
//
// A frame equal in time and content to the tick known before is a `repeat`; while watching or lingering, one equal to any frame since the
// arming as well.
// At most it costs a genuine equal tick: while watching it lies inside the gap that every subscription stands in, later the account of gaps
// notes one of its own (`ledger`). A snapshot that states a tick nobody has seen is written, as `snapshot`. Nothing is ever written twice.

import type { TickMark } from './mark.ts';
import { type BrokerMs, parseBrokerTime } from './time.ts';
import type { WireTick } from './wire.ts';

/** The content of a tick as far as two of them can be compared. Null for absent or zero `last` and `volume`. */
export interface KnownTick {
  readonly ms: BrokerMs;
  readonly bid: number;
  readonly ask: number;
  readonly last: number | null;
  readonly volume: number | null;
}

/** How long after the acknowledgement a snapshot is the rule. Shorter than a gap's margin. */
export const SETTLE_MS = 1500;
/** A snapshot that comes later than this after the acknowledgement is told by its being the first frame alone. */
export const LINGER_MS = 30_000;
/** Ticks of one moment come in one piece: what repeats the newest one later than this is a snapshot and no second tick like it. */
export const TWIN_MS = 1000;
/** A live tick may be so much older than its request. */
const SLOW_MS = 1000;
const MAX_SEEN = 16_384;

interface Watch {
  readonly before: KnownTick | null;
  seen: KnownTick[];
  /** When the newest of them came. */
  newestAtMs: number;
  /** A frame has come since the subscription was written. */
  answered: boolean;
  /** Null: the server's clock runs at another pace than ours. */
  readonly askedAtMs: number | null;
  /** The latest that the first frame may have meant, as long as it may be a live tick of after the request. */
  firstMs: number | null;
  /** Nothing but the tick of before is told apart any more. */
  over: boolean;
  /** Snapshots that may still come: one for each time the subscription was written. */
  due: number;
  ackedAtMs: number;
}

const same = (a: KnownTick, b: KnownTick): boolean =>
  a.ms === b.ms && a.bid === b.bid && a.ask === b.ask && a.last === b.last && a.volume === b.volume;

/** Frames come nearly in order of time, so a newest-first search of a tick at the end stops after its own instant. */
const seenBefore = (seen: readonly KnownTick[], tick: KnownTick): boolean => {
  const inOrder = (seen.at(-1)?.ms ?? 0) <= tick.ms;
  for (let i = seen.length - 1; i >= 0; i--) {
    const earlier = seen[i] as KnownTick;
    if (same(earlier, tick)) return true;
    if (inOrder && earlier.ms < tick.ms) return false;
  }
  return false;
};

/** `null` for a value that says nothing: absent, zero, or not a number. */
export const knownOrNull = (value: number | null | undefined): number | null =>
  value === undefined || value === null || value === 0 || Number.isNaN(value) ? null : value;

/** What two frames are compared by; null when the time cannot be read. */
export const knownTick = (tick: WireTick): KnownTick | null => {
  const time = parseBrokerTime(tick.time);
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
      newestAtMs: again?.newestAtMs ?? 0,
      answered: false,
      askedAtMs: monoMs,
      firstMs: null,
      over: false,
      due: (again?.due ?? 0) + 1,
      ackedAtMs: Number.POSITIVE_INFINITY,
    });
  }

  /** The subscription was acknowledged. */
  acknowledged(symbol: string, monoMs: number): void {
    const watch = this.#watches.get(symbol);
    if (watch !== undefined) watch.ackedAtMs = monoMs;
  }

  /** Names a tick frame. `monoMs` is its receive time on a clock that nobody sets; `tick` its content. */
  mark(symbol: string, tick: KnownTick, monoMs: number): TickMark {
    const watch = this.#watches.get(symbol);
    if (watch === undefined) return 'live';
    const first = !watch.answered;
    watch.answered = true;
    const waitedMs = monoMs - watch.ackedAtMs;
    // What was known before the connection is restated, however late that comes: a live tick is newer.
    if (watch.before !== null && same(watch.before, tick)) {
      watch.due--;
      return 'repeat';
    }
    if (!watch.over && (waitedMs >= LINGER_MS || (waitedMs >= SETTLE_MS && watch.due <= 0))) {
      watch.over = true;
      watch.seen = [];
    }
    if (watch.over) return 'live';
    if (!first) tellFirst(watch, tick, monoMs);
    if (!seenBefore(watch.seen, tick)) return newTick(watch, tick, first, monoMs);
    const newest = watch.seen.at(-1) as KnownTick;
    if (tick.ms < newest.ms || monoMs - watch.newestAtMs >= TWIN_MS) watch.due--;
    return 'repeat';
  }
}

/**
 * A later tick of the same symbol shows that its clock stood at least so far at the request: a first frame of a second before that is the
 * snapshot, and no other one is waited for. What is nearer may be a tick that took its time. A symbol that is delayed is measured by its
 * own delay.
 */
const tellFirst = (watch: Watch, { ms }: KnownTick, monoMs: number): void => {
  const { askedAtMs, firstMs } = watch;
  if (firstMs === null || askedAtMs === null) return;
  if (firstMs >= ms - (monoMs - askedAtMs) - SLOW_MS) return;
  watch.firstMs = null;
  watch.due--;
};

const newTick = (watch: Watch, tick: KnownTick, first: boolean, monoMs: number): TickMark => {
  const newest = watch.seen.at(-1);
  const overtaken = newest !== undefined && tick.ms < newest.ms;
  if (watch.seen.length >= MAX_SEEN) watch.seen = watch.seen.slice(MAX_SEEN / 2);
  if (overtaken) watch.seen.splice(-1, 0, tick);
  else {
    watch.seen.push(tick);
    watch.newestAtMs = monoMs;
  }
  // A time of whole seconds may mean anything up to the next one.
  if (first) watch.firstMs = tick.ms % 1000 === 0 ? tick.ms + 999 : tick.ms;
  return first || overtaken ? 'snapshot' : 'live';
};
