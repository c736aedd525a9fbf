// Bars made from ticks as SQL. In: a slice of ticks with `resample`. Out: a query in brackets with ts, open, high, low, close, ticks and
// ts_recv (the newest of its ticks). A price of 0 means that it was not quoted; such ticks are left out.
//
// An interval belongs to the slice in which it starts, and ticks beyond the ends of the slice are read: adjacent slices neither share nor
// lose an interval. An interval is left out unless it is inside the selection and had ended by now and by `asOfUs`. An interval without
// ticks makes no bar.
import type { Range, Selection, Series } from '@fxtape/datasets';
import { FxtapeError } from '@fxtape/ops';
import { rowSql, whereSql } from './row-sql.ts';

const HOUR_US = 3_600_000_000;
const DAY_US = 24 * HOUR_US;

const PRICES = {
  bid: { price: 'bid', quoted: 'bid != 0' },
  ask: { price: 'ask', quoted: 'ask != 0' },
  mid: { price: '(bid + ask) / 2', quoted: 'bid != 0 AND ask != 0' },
} as const;

/** Errors: DATASET_SELECTION_INVALID. */
export function requireResample({ kind, resample }: Selection): void {
  if (resample === null) return;
  if (kind !== 'ticks') throw invalid(`${kind} cannot be resampled, only ticks`);
  const { widthUs } = resample;
  if (!Number.isSafeInteger(widthUs) || widthUs <= 0 || DAY_US % widthUs !== 0)
    throw invalid(`intervals of ${widthUs} µs do not divide a day`);
}

/**
 * `series` null: all series. `prices` false: without prices, which saves sorting the ticks.
 *
 * On the broker's clock, an interval longer than an hour holds both passes of a repeated hour, as the broker's own bars do. Its `ts` is
 * computed with the offset of its first tick: if clocks are set between the interval's start and its first tick, `ts` is off by that hour.
 */
export function intervalSql(
  o: { readonly selection: Selection; readonly range: Range; readonly series: Series | null },
  nowUs: number,
  prices: boolean,
): string {
  const { asOfUs, resample } = o.selection;
  if (resample === null) throw new TypeError('a selection without resample');
  const { align, price: side, widthUs } = resample;
  const { price, quoted } = PRICES[side];
  const isLong = align === 'broker' && widthUs > HOUR_US;
  const marginUs = isLong ? widthUs + HOUR_US : widthUs;
  const read = { fromUs: o.range.fromUs - marginUs, toUs: o.range.toUs + marginUs };
  const { from, where } = rowSql(o.selection, read, o.series);
  const wall = align === 'broker' ? '(cast(ts as long) + utc_offset_s * 1000000L)' : 'cast(ts as long)';
  // Ticks of a long interval have its start on the broker's clock in common; those of any other, its start in UTC.
  const start = isLong ? `${wall} - ${wall} % ${widthUs}L` : `cast(ts as long) - ${wall} % ${widthUs}L`;
  const whose = o.series === null ? 'feed, symbol, ' : '';
  const ticks =
    `SELECT ${whose}${start} fx_start, utc_offset_s fx_offset, ${price} fx_price, ts_recv FROM ${from}` +
    `${whereSql([...where, quoted])}${prices ? ' ORDER BY ts, ts_recv' : ''}`;
  const offsets = isLong ? ', first(fx_offset) fx_first, min(fx_offset) fx_least' : '';
  const values = prices
    ? ', first(fx_price) open, max(fx_price) high, min(fx_price) low, last(fx_price) close'
    : '';
  const grouped =
    `SELECT ${whose}fx_start, count() ticks, max(ts_recv) ts_recv${offsets}${values} FROM (${ticks})` +
    ` GROUP BY ${whose}fx_start`;
  const utc = isLong ? 'fx_start - fx_first * 1000000L' : 'fx_start';
  const end = `fx_start + ${widthUs}L${isLong ? ' - fx_least * 1000000L' : ''}`;
  const named = prices ? ', open, high, low, close' : '';
  const placed = `SELECT ${whose}${utc} fx_from, ${end} fx_to, ticks, ts_recv${named} FROM (${grouped})`;
  const fromUs = Math.max(o.range.fromUs, o.selection.fromUs);
  const endUs = Math.min(o.selection.toUs, nowUs, asOfUs ?? Number.POSITIVE_INFINITY);
  return (
    `(SELECT ${whose}cast(fx_from as timestamp) ts${named}, ticks, ts_recv FROM (${placed})` +
    ` WHERE fx_from >= ${fromUs}L AND fx_from < ${o.range.toUs}L AND fx_to <= ${endUs}L)`
  );
}

export const invalid = (message: string): FxtapeError =>
  new FxtapeError({ code: 'DATASET_SELECTION_INVALID', message });
