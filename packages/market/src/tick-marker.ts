// Tells live ticks from restatements of a tick that is known already. Every subscription is answered with one snapshot
// of the last tick, in an order nobody promises: before or after the acknowledgement, before or after live frames. The
// marker sees each tick frame when it is received and names it; the name goes onto the tape.
//
//   idle ──arm (subscription written)──► watching ──SETTLE after the acknowledgement──► idle
//
// While watching, a frame equal in time and content to the tick known before, or to any frame since the arming, is a
// `repeat`: at most it costs a genuine equal tick, which lies inside the gap that every subscription stands in. A
// snapshot that states a tick nobody has seen is written, as `snapshot`. Nothing is ever written twice.

import type { TickMark } from './mark.ts';
import type { BrokerMs } from './time.ts';

/** The content of a tick as far as two of them can be compared. Null for absent or zero `last` and `volume`. */
export interface KnownTick {
  readonly ms: BrokerMs;
  readonly bid: number;
  readonly ask: number;
  readonly last: number | null;
  readonly volume: number | null;
}

/** How long after the acknowledgement a snapshot may still come, by the receive clock. Shorter than a gap's margin. */
export const SETTLE_US = 1_500_000;
const MAX_SEEN = 1024;

interface Watch {
  readonly before: KnownTick | null;
  seen: KnownTick[];
  /** A frame has come since the subscription was written; the next one is live unless it goes back in time. */
  answered: boolean;
  settleAtUs: number;
}

interface SymbolState {
  last: KnownTick | null;
  watch: Watch | null;
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

export class TickMarker {
  readonly #symbols = new Map<string, SymbolState>();

  /** The last tick known of each symbol, from an earlier life of this recorder. */
  constructor(known: Iterable<readonly [string, KnownTick]> = []) {
    for (const [symbol, last] of known) this.#symbols.set(symbol, { last, watch: null });
  }

  /** A subscription of this symbol is about to be written: from here a snapshot may come. */
  arm(symbol: string): void {
    const state = this.#state(symbol);
    state.watch = {
      before: state.last,
      seen: state.watch?.seen ?? [],
      answered: false,
      settleAtUs: Number.POSITIVE_INFINITY,
    };
  }

  /** The subscription was acknowledged; the watch ends SETTLE_US later. */
  acknowledged(symbol: string, recvUs: number): void {
    const watch = this.#state(symbol).watch;
    if (watch !== null) watch.settleAtUs = recvUs + SETTLE_US;
  }

  /** Names a tick frame. `recvUs` is its receive time; `tick` its content. */
  mark(symbol: string, tick: KnownTick, recvUs: number): TickMark {
    const state = this.#state(symbol);
    const watch = state.watch;
    if (watch === null) {
      state.last = tick;
      return 'live';
    }
    if (recvUs >= watch.settleAtUs) {
      state.watch = null;
      state.last = tick;
      return 'live';
    }
    return this.#markWatched(state, watch, tick);
  }

  /** The last tick of every symbol seen, for the head of a tape segment. */
  known(): [string, KnownTick][] {
    const entries: [string, KnownTick][] = [];
    for (const [symbol, { last }] of this.#symbols) if (last !== null) entries.push([symbol, last]);
    return entries;
  }

  #markWatched(state: SymbolState, watch: Watch, tick: KnownTick): TickMark {
    const first = !watch.answered;
    watch.answered = true;
    if (watch.before !== null && same(watch.before, tick)) return 'repeat';
    if (seenBefore(watch.seen, tick)) return 'repeat';
    const newest = watch.seen.at(-1);
    const overtaken = newest !== undefined && tick.ms < newest.ms;
    if (watch.seen.length >= MAX_SEEN) watch.seen = watch.seen.slice(MAX_SEEN / 2);
    if (overtaken) watch.seen.splice(-1, 0, tick);
    else watch.seen.push(tick);
    if (!overtaken) state.last = tick;
    return first || overtaken ? 'snapshot' : 'live';
  }

  #state(symbol: string): SymbolState {
    let state = this.#symbols.get(symbol);
    if (state === undefined) {
      state = { last: null, watch: null };
      this.#symbols.set(symbol, state);
    }
    return state;
  }
}
