// Minute bars of one symbol over all time: made up before the start, then folded from the ticks. In: each tick once, in order. Out: bars of any timeframe
// in any broker's wall clock. All are folded from the same minutes, so that `bar` frames and `/PriceHistory` agree.

import type { BrokerClock } from '../prices/broker-clock.ts';
import { type BarArrays, BarColumns, lowerBound } from './bar-columns.ts';
import type { PastBars } from './past.ts';
import { Revisions } from './revisions.ts';
import { barOpen, type Timeframe, timeframeMs } from './timeframe.ts';

/** Bars in columns, with the open of each in the broker's wall clock. */
export interface FoldedBars {
  readonly columns: BarColumns;
  readonly opens: readonly number[];
}

/** A bar with prices in points of the symbol; `openBrokerMs` is its open in the broker's wall clock. */
export interface Bar {
  readonly openBrokerMs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  readonly spread: number;
}

const DAY_MINUTES = 1440;
const HOUR = 3_600_000;

const run = <T>(steps: Generator<void, T>): T => {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
};

const rows = ({ columns, opens }: FoldedBars): Bar[] =>
  opens.map((openBrokerMs, i) => ({
    openBrokerMs,
    open: columns.open[i] as number,
    high: columns.high[i] as number,
    low: columns.low[i] as number,
    close: columns.close[i] as number,
    volume: columns.volume[i] as number,
    spread: columns.spread[i] as number,
  }));

export class MinuteBars {
  readonly #past: PastBars;
  readonly #live = new BarColumns();
  #minute = -1;
  /** Later changes by the broker. */
  readonly revisions = new Revisions();

  constructor(past: PastBars) {
    this.#past = past;
  }

  /** UTC of the first day that has history. */
  get firstUtcMs(): number {
    return this.#past.days.first * DAY_MINUTES * 60_000;
  }

  /**
   * Folds a tick in. Bars are built on the bid, as MetaTrader does. Returns the minute that this tick closed (UTC minutes
   * since 1970), or −1.
   */
  add(utcMs: number, bid: number, spread: number): number {
    const minute = Math.floor(utcMs / 60_000);
    const live = this.#live;
    if (minute !== this.#minute) {
      const closed = this.#minute;
      this.#minute = minute;
      live.push(minute, bid, bid, bid, bid, 1, spread);
      return closed;
    }
    const at = live.length - 1;
    if (bid > (live.high[at] as number)) live.high[at] = bid;
    else if (bid < (live.low[at] as number)) live.low[at] = bid;
    live.close[at] = bid;
    live.volume[at] = (live.volume[at] as number) + 1;
    live.spread[at] = spread;
    return -1;
  }

  /** The one bar that holds a UTC minute which has ticks or history. */
  barAt(timeframe: Timeframe, minute: number, clock: BrokerClock): Bar | null {
    const broker = clock.brokerMs(minute * 60_000);
    const open = barOpen(timeframe, broker);
    // A clock changes by two hours at most; `#collect` is exact.
    const fromMinute = minute - Math.floor((broker - open) / 60_000) - 120;
    const bars = run(this.#collect(timeframe, [open, open], [fromMinute, minute + 1], clock));
    // In a repeated hour an open time occurs twice; the later bar is the one that just closed.
    return rows(bars).at(-1) ?? null;
  }

  /** A made-up minute before the start, without revisions; null where there is none. */
  pastMinute(minute: number): { readonly low: number; readonly high: number } | null {
    const columns = this.#past.minutes(Math.floor(minute / DAY_MINUTES));
    const at = lowerBound(columns.minute, minute);
    if (columns.minute[at] !== minute) return null;
    return { low: columns.low[at] as number, high: columns.high[at] as number };
  }

  /** The last made-up minute before the one given, or null where there is none. */
  pastMinuteBefore(minute: number): number | null {
    const { first, start } = this.#past.days;
    for (let day = Math.min(start, Math.floor((minute - 1) / DAY_MINUTES)); day >= first; day--) {
      const columns = this.#past.minutes(day);
      const before = columns.minute[lowerBound(columns.minute, minute) - 1];
      if (before !== undefined) return before;
    }
    return null;
  }

  /** The last price at or before a minute, in points, or null where there is none. */
  closeAt(minute: number): number | null {
    const live = this.#live.close[lowerBound(this.#live.minute, minute + 1) - 1];
    if (live !== undefined) return live;
    const past = this.pastMinuteBefore(minute + 1);
    if (past === null) return null;
    const columns = this.#past.minutes(Math.floor(past / DAY_MINUTES));
    return columns.close[lowerBound(columns.minute, past)] as number;
  }

  /** Bars whose open lies in [from, to] of the broker's wall clock, oldest first, the forming one included. */
  bars(timeframe: Timeframe, fromBrokerMs: number, toBrokerMs: number, clock: BrokerClock): Bar[] {
    return rows(this.fold(timeframe, fromBrokerMs, toBrokerMs, clock));
  }

  /** The same bars in columns. */
  fold(timeframe: Timeframe, fromBrokerMs: number, toBrokerMs: number, clock: BrokerClock): FoldedBars {
    return run(this.foldSteps(timeframe, fromBrokerMs, toBrokerMs, clock));
  }

  /** The same as a generator that yields between pieces of work, so that a long history does not delay the stream. */
  foldSteps(
    timeframe: Timeframe,
    fromBrokerMs: number,
    toBrokerMs: number,
    clock: BrokerClock,
  ): Generator<void, FoldedBars> {
    // Offsets lie within 16 hours of UTC.
    const fromMinute = Math.floor((fromBrokerMs - 16 * HOUR) / 60_000);
    const toMinute = Math.ceil((toBrokerMs + 16 * HOUR + this.#longest(timeframe)) / 60_000);
    return this.#collect(timeframe, [fromBrokerMs, toBrokerMs], [fromMinute, toMinute], clock);
  }

  /** Bars with an open in the first range (inclusive), folded from the UTC minutes of the second (half-open). */
  *#collect(
    timeframe: Timeframe,
    [fromBrokerMs, toBrokerMs]: readonly [number, number],
    [fromMinute, toMinute]: readonly [number, number],
    clock: BrokerClock,
  ): Generator<void, FoldedBars> {
    const bars = new BarColumns();
    const opens: number[] = [];
    const { revisions } = this;
    const put = (first: BarArrays, at: number): void => {
      const changed = revisions.minute(first, at);
      const columns = changed ?? first;
      const i = changed === null ? at : 0;
      const broker = clock.brokerMs((columns.minute[i] as number) * 60_000);
      const open = barOpen(timeframe, broker);
      if (open < fromBrokerMs || open > toBrokerMs) return;
      if (opens.at(-1) === open) {
        bars.mergeLast(columns, i);
      } else {
        bars.pushFrom(columns, i);
        opens.push(open);
      }
    };
    const byHour = timeframeMs(timeframe) >= HOUR && clock.offsetMs(fromBrokerMs) % HOUR === 0;
    const { first, start } = this.#past.days;
    const fromDay = Math.max(first, Math.floor(fromMinute / DAY_MINUTES));
    const toDay = Math.min(start, Math.floor(toMinute / DAY_MINUTES));
    for (let day = fromDay; day <= toDay; day++) {
      const hours = byHour && !revisions.touch(day);
      const columns = hours ? this.#past.hours(day) : this.#past.minutes(day);
      const { length } = columns.minute;
      for (let i = 0; i < length; i++) put(columns, i);
      if ((day - fromDay) % 8 === 7) yield;
    }
    const end = lowerBound(this.#live.minute, toMinute);
    for (let i = lowerBound(this.#live.minute, fromMinute); i < end; i++) put(this.#live, i);
    revisions.apply(timeframe, bars, opens, clock);
    return { columns: bars, opens };
  }

  #longest(timeframe: Timeframe): number {
    return timeframe === 'MN1' ? 31 * 24 * HOUR : timeframeMs(timeframe);
  }
}
