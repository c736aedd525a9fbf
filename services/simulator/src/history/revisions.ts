// Changes that the broker made to bars afterwards. In: a bar by timeframe and an instant inside it, and its new figures. Out: the bar with these
// figures. A changed minute changes every bar folded from it; a changed bar of a longer timeframe changes alone. A change can be undone.

import { BarColumns, type BarArrays } from './bar-columns.ts';
import type { BrokerClock } from '../prices/broker-clock.ts';
import { barOpen, type Timeframe } from './timeframe.ts';

/** New figures; prices in points. */
export interface BarChange {
  readonly open?: number | undefined;
  readonly high?: number | undefined;
  readonly low?: number | undefined;
  readonly close?: number | undefined;
  readonly volume?: number | undefined;
  readonly spread?: number | undefined;
}

const DAY_MINUTES = 1440;

/** Applies a change to bar `i`; high and low follow open and close unless given. */
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

  /** Sets the change of a bar; null undoes it. */
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

  /** True when a minute of this UTC day was changed. */
  touch(day: number): boolean {
    if (this.#minutes.size === 0) return false;
    return [...this.#minutes.keys()].some((minute) => Math.floor(minute / DAY_MINUTES) === day);
  }

  /** The changed minute as a single bar; null when it was not changed. */
  minute(columns: BarArrays, i: number): BarColumns | null {
    const change = this.#minutes.size === 0 ? undefined : this.#minutes.get(columns.minute[i] as number);
    if (change === undefined) return null;
    const changed = new BarColumns();
    changed.pushFrom(columns, i);
    overwrite(changed, 0, change);
    return changed;
  }

  /** Applies the changes of a longer timeframe to folded bars. */
  apply(timeframe: Timeframe, columns: BarColumns, opens: readonly number[], clock: BrokerClock): void {
    for (const [utcMs, change] of this.#bars.get(timeframe) ?? []) {
      const at = opens.indexOf(barOpen(timeframe, clock.brokerMs(utcMs)));
      if (at !== -1) overwrite(columns, at, change);
    }
  }
}
