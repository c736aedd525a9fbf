// What the broker changed about bars afterwards. In: a bar by symbol, timeframe and an instant inside it, with the figures
// that are other now. Out: the same bar with these figures. A changed minute changes every bar that is folded from it; a
// changed bar of a longer timeframe stands alone. Taken back, the bar is as it first was.

import { BarColumns, type BarArrays } from './bar-columns.ts';
import type { BrokerClock } from '../prices/broker-clock.ts';
import { barOpen, type Timeframe } from './timeframe.ts';

/** Figures that are other now; prices in points. */
export interface BarChange {
  readonly open?: number | undefined;
  readonly high?: number | undefined;
  readonly low?: number | undefined;
  readonly close?: number | undefined;
  readonly volume?: number | undefined;
  readonly spread?: number | undefined;
}

const DAY_MINUTES = 1440;

/** Writes the change over bar `i`; high and low follow open and close unless they are given. */
function overwrite(columns: BarColumns, i: number, change: BarChange): void {
  for (const field of ['open', 'high', 'low', 'close', 'volume', 'spread'] as const) {
    const value = change[field];
    if (value !== undefined) columns[field][i] = value;
  }
  const [open, close] = [columns.open[i] as number, columns.close[i] as number];
  if (change.high === undefined) columns.high[i] = Math.max(columns.high[i] as number, open, close);
  if (change.low === undefined) columns.low[i] = Math.min(columns.low[i] as number, open, close);
}

export class Revisions {
  /** By UTC minute. */
  readonly #minutes = new Map<number, BarChange>();
  /** By timeframe and UTC instant inside the bar. */
  readonly #bars = new Map<Timeframe, Map<number, BarChange>>();

  /** Null takes the change of that bar back. */
  set(timeframe: Timeframe, utcMs: number, change: BarChange | null): void {
    let all = this.#minutes;
    let key = Math.floor(utcMs / 60_000);
    if (timeframe !== 'M1') {
      all = this.#bars.get(timeframe) ?? new Map<number, BarChange>();
      this.#bars.set(timeframe, all);
      key = utcMs;
    }
    if (change === null) all.delete(key);
    else all.set(key, change);
  }

  /** A minute of this UTC day was changed. */
  touch(day: number): boolean {
    if (this.#minutes.size === 0) return false;
    return [...this.#minutes.keys()].some((minute) => Math.floor(minute / DAY_MINUTES) === day);
  }

  /** The changed minute as a single bar, or null where it was not changed. */
  minute(columns: BarArrays, i: number): BarColumns | null {
    const change = this.#minutes.size === 0 ? undefined : this.#minutes.get(columns.minute[i] as number);
    if (change === undefined) return null;
    const changed = new BarColumns();
    changed.pushFrom(columns, i);
    overwrite(changed, 0, change);
    return changed;
  }

  /** Changes the bars of a longer timeframe where they are among those folded. */
  apply(timeframe: Timeframe, columns: BarColumns, opens: readonly number[], clock: BrokerClock): void {
    for (const [utcMs, change] of this.#bars.get(timeframe) ?? []) {
      const at = opens.indexOf(barOpen(timeframe, clock.brokerMs(utcMs)));
      if (at !== -1) overwrite(columns, at, change);
    }
  }
}
