// The order in which rows are sent: by `ts`, rows of equal `ts` as given. A commit that starts before the newest row of the table makes the
// server rewrite the table's tail, so sorting each request keeps writing cheap.
import type { Row } from '@fxtape/market/tables';

/** Indices of `rows` sorted by `ts`, stable. A `ts` that is not a number sorts first; the encoder refuses such a row. */
export function timeOrder(rows: readonly Row[]): Uint32Array {
  const order = new Uint32Array(rows.length);
  const stamps = new Float64Array(rows.length);
  let sorted = true;
  let last = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < rows.length; i++) {
    const ts = rows[i]?.['ts'];
    const stamp = typeof ts === 'number' && !Number.isNaN(ts) ? ts : Number.NEGATIVE_INFINITY;
    order[i] = i;
    stamps[i] = stamp;
    if (stamp < last) sorted = false;
    last = stamp;
  }
  if (sorted) return order;
  return order.sort((a, b) => {
    const left = stamps[a] ?? 0;
    const right = stamps[b] ?? 0;
    return left === right ? a - b : left < right ? -1 : 1;
  });
}
