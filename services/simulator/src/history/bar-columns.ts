// Bars in columns, oldest first, as the made-up past and the fold of streamed ticks share them. Prices are in points; `minute` is the open of the bar's
// first minute in UTC minutes since 1970.

const FIELDS = ['minute', 'open', 'high', 'low', 'close', 'volume', 'spread'] as const;

/** Columns to read from. */
export type BarArrays = Readonly<Record<(typeof FIELDS)[number], ArrayLike<number>>>;

/** Index of the first bar at or after a minute. */
export function lowerBound(minutes: ArrayLike<number>, minute: number): number {
  let low = 0;
  let high = minutes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((minutes[middle] as number) < minute) low = middle + 1;
    else high = middle;
  }
  return low;
}

export class BarColumns implements BarArrays {
  readonly minute: number[] = [];
  readonly open: number[] = [];
  readonly high: number[] = [];
  readonly low: number[] = [];
  readonly close: number[] = [];
  readonly volume: number[] = [];
  readonly spread: number[] = [];

  get length(): number {
    return this.minute.length;
  }

  push(
    minute: number,
    open: number,
    high: number,
    low: number,
    close: number,
    volume: number,
    spread: number,
  ): void {
    this.minute.push(minute);
    this.open.push(open);
    this.high.push(high);
    this.low.push(low);
    this.close.push(close);
    this.volume.push(volume);
    this.spread.push(spread);
  }

  /** Merges bar `i` of `other` into the last bar here; the spread is the later one. */
  mergeLast(other: BarArrays, i: number): void {
    const at = this.length - 1;
    this.high[at] = Math.max(this.high[at] as number, other.high[i] as number);
    this.low[at] = Math.min(this.low[at] as number, other.low[i] as number);
    this.close[at] = other.close[i] as number;
    this.volume[at] = (this.volume[at] as number) + (other.volume[i] as number);
    this.spread[at] = other.spread[i] as number;
  }

  pushFrom(other: BarArrays, i: number): void {
    this.push(
      other.minute[i] as number,
      other.open[i] as number,
      other.high[i] as number,
      other.low[i] as number,
      other.close[i] as number,
      other.volume[i] as number,
      other.spread[i] as number,
    );
  }

  /** A compact copy with four bytes per figure. */
  compact(): BarArrays {
    return Object.fromEntries(
      FIELDS.map((field) => [field, Int32Array.from(this[field])]),
    ) as unknown as BarArrays;
  }
}
