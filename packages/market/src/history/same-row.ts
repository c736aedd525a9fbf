// Whether an answered row and a stored row have the same values. The times at which they were seen do not count. A stored row may come back with
// columns left out, bigint identifiers and −0 as 0: none of these is a difference. Null differs from 0.

import type { BarRow, DealRow, PositionRow, SymbolSpecRow } from '../tables/tables.ts';

/** A row as the database gives it back. */
type Stored<R> = {
  readonly [P in keyof R]?: (R[P] extends string | null ? string : number | bigint) | null | undefined;
};

/** Equal in value, a bigint to a number too. Absent, null and NaN are one value, and so are absent and empty text. */
const sameValue = (a: unknown, b: unknown): boolean => {
  if (a === b) return true;
  if (typeof a === 'bigint' && typeof b === 'number') return Number.isInteger(b) && a === BigInt(b);
  if (typeof a === 'number' && typeof b === 'bigint') return Number.isInteger(a) && b === BigInt(a);
  return isNothing(a) && isNothing(b);
};

const isNothing = (value: unknown): boolean =>
  value === null || value === undefined || value === '' || Number.isNaN(value);

const sameIn =
  <R>(columns: readonly (keyof R & string)[]) =>
  (a: Stored<R>, b: Stored<R>): boolean => {
    for (const column of columns) if (!sameValue(a[column], b[column])) return false;
    return true;
  };

/** True when two versions of one bar (the same ts, feed, symbol, timeframe) say the same. */
export const sameBar = sameIn<BarRow>([
  'open',
  'high',
  'low',
  'close',
  'tick_volume',
  'real_volume',
  'spread_points',
  'utc_offset_s',
]);

/** True when two versions of one deal say the same. A deal keeps the `ts` it had first, so `ts` does not count. */
export const sameDeal = sameIn<DealRow>([
  'order_id',
  'position_id',
  'symbol',
  'type',
  'entry',
  'volume',
  'price',
  'commission',
  'swap',
  'profit',
  'magic',
  'comment',
]);

/** True when two versions of one closed position say the same, its closing time included. */
export const samePosition = sameIn<PositionRow>([
  'ts_close',
  'symbol',
  'type',
  'volume',
  'price_open',
  'price_close',
  'profit',
  'swap',
  'commission',
  'net_profit',
  'magic',
  'comment',
]);

/** True when nothing static of a symbol changed. */
export const sameSpec = sameIn<SymbolSpecRow>([
  'digits',
  'point',
  'tick_size',
  'contract_size',
  'volume_min',
  'volume_max',
  'volume_step',
  'stops_level',
  'freeze_level',
  'trade_mode',
  'swap_long',
  'swap_short',
  'currency_base',
  'currency_profit',
  'currency_margin',
  'description',
  'sessions',
]);
