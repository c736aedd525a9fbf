// Compares one broker day of a symbol with the broker's own M1 bars. In: the bars, and the recorded ticks hour by hour. Out: how many bars
// the ticks rebuild exactly, and the longest silence while the broker had ticks. Pure; never holds a whole day.
import { MINUTE_US, SECOND_US, type TableRow } from '@fxtape/market';

export type MinuteBar = Pick<TableRow<'bars'>, 'ts' | 'open' | 'high' | 'low' | 'close'>;
export type DayTick = Pick<TableRow<'ticks'>, 'ts' | 'bid'>;

interface Rebuilt {
  open: number;
  high: number;
  low: number;
  close: number;
}

export class DayFigures {
  readonly #bars: readonly MinuteBar[];
  readonly #rebuilt = new Map<number, Rebuilt>();
  #ticks = 0;
  #lastUs: number;
  #silenceUs = 0;
  /** Index of the first bar that may still lie after the last tick. */
  #at = 0;

  /** Bars in time order, of one day that begins at `fromUs`. */
  constructor(bars: readonly MinuteBar[], fromUs: number) {
    this.#bars = bars;
    this.#lastUs = fromUs;
  }

  /** Ticks in time order. */
  add(ticks: Iterable<DayTick>): void {
    for (const { bid, ts } of ticks) {
      this.#ticks += 1;
      this.#silence(ts);
      if (typeof bid === 'number' && bid > 0) this.#rebuild(ts - (ts % MINUTE_US), bid);
    }
  }

  /** The day ends at `toUs`. */
  end(toUs: number): { ticks: number; matched: number; longestSilenceS: number } {
    this.#silence(toUs);
    const matched = this.#bars.filter((bar) => {
      const own = this.#rebuilt.get(bar.ts);
      return (
        own !== undefined &&
        same(own.open, bar.open) &&
        same(own.high, bar.high) &&
        same(own.low, bar.low) &&
        same(own.close, bar.close)
      );
    }).length;
    return { ticks: this.#ticks, matched, longestSilenceS: Math.floor(this.#silenceUs / SECOND_US) };
  }

  /** No tick was recorded between the last one and `untilUs`; the minutes of that in which the broker has a bar are silence. */
  #silence(untilUs: number): void {
    let silentUs = 0;
    for (let i = this.#at; i < this.#bars.length; i++) {
      const bar = this.#bars[i] as MinuteBar;
      if (bar.ts >= untilUs) break;
      if (bar.ts + MINUTE_US <= this.#lastUs) this.#at = i + 1;
      silentUs += Math.max(0, Math.min(untilUs, bar.ts + MINUTE_US) - Math.max(this.#lastUs, bar.ts));
    }
    this.#silenceUs = Math.max(this.#silenceUs, silentUs);
    this.#lastUs = Math.max(this.#lastUs, untilUs);
  }

  #rebuild(minuteUs: number, bid: number): void {
    const bar = this.#rebuilt.get(minuteUs);
    if (bar === undefined) {
      this.#rebuilt.set(minuteUs, { open: bid, high: bid, low: bid, close: bid });
      return;
    }
    bar.high = Math.max(bar.high, bid);
    bar.low = Math.min(bar.low, bid);
    bar.close = bid;
  }
}

const same = (a: number, b: number | null | undefined): boolean =>
  typeof b === 'number' && Math.abs(a - b) < 5e-9;
