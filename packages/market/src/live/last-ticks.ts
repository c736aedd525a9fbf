// Tracks the last tick of each symbol as the gateway knows it: the next snapshot restates this tick. In: ticks of the tape, just written or
// read back. Out: the tick to compare a snapshot with.

import type { TickMark } from './mark.ts';
import { type KnownTick, knownTick } from './tick-marker.ts';
import type { WireTick } from '../tables/wire.ts';

/** A tick with the connection it came on; earlier releases did not save the connection. */
type SavedTick = KnownTick & { readonly conn?: number | undefined };

interface Last {
  tick: KnownTick | WireTick;
  conn: number | null;
}

export class LastTicks {
  readonly #last = new Map<string, Last>();

  constructor(saved: Iterable<readonly [string, SavedTick]> = []) {
    for (const [symbol, { conn = null, ...tick }] of saved) this.#last.set(symbol, { tick, conn });
  }

  /** Takes a symbol's last tick from the database, when its tape is lost. */
  remember(symbol: string, tick: KnownTick): void {
    this.#last.set(symbol, { tick, conn: null });
  }

  /** Takes a tick frame that is on the tape with this mark. */
  take(symbol: string, tick: WireTick, mark: TickMark, conn: number): void {
    const last = this.#last.get(symbol);
    if (last === undefined) {
      this.#last.set(symbol, { tick, conn });
      return;
    }
    // The first frame of a connection states the gateway's last tick. A later frame that is not live may state an older tick.
    if (mark !== 'live' && last.conn === conn && isBefore(tick, last.tick)) return;
    last.tick = tick;
    last.conn = conn;
  }

  of(symbol: string): KnownTick | null {
    const last = this.#last.get(symbol);
    return last === undefined ? null : contentOf(last.tick);
  }

  /** For the head of a segment. */
  save(): [string, SavedTick][] {
    return [...this.#last].flatMap(([symbol, { conn, tick }]): [string, SavedTick][] => {
      const content = contentOf(tick);
      return content === null ? [] : [[symbol, conn === null ? content : { ...content, conn }]];
    });
  }
}

const contentOf = (tick: KnownTick | WireTick): KnownTick | null => ('ms' in tick ? tick : knownTick(tick));

const isBefore = (one: KnownTick | WireTick, other: KnownTick | WireTick): boolean => {
  const [a, b] = [contentOf(one), contentOf(other)];
  return a === null || (b !== null && a.ms < b.ms);
};
