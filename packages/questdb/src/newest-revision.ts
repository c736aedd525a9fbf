// The newest of several versions of a row. In: rows of a table of revisions, which keeps every version with the time it was first
// seen. Out: per bar or deal the one seen last.
import type { TableRow } from './tables.ts';

/** Of rows in order of `ts` (bars of one stream): the newest version of each `ts`, in the same order. */
export function newestByTs<R extends { readonly ts: number; readonly ts_seen: number }>(
  rows: readonly R[],
): R[] {
  const newest: R[] = [];
  for (const row of rows) {
    const last = newest.at(-1);
    if (last === undefined || last.ts !== row.ts) newest.push(row);
    else if (row.ts_seen > last.ts_seen) newest[newest.length - 1] = row;
  }
  return newest;
}

/** Of versions of deals of one account, in any order: the newest of each deal. */
export function newestById(rows: readonly TableRow<'deal_revisions'>[]): TableRow<'deal_revisions'>[] {
  const newest = new Map<number | bigint, TableRow<'deal_revisions'>>();
  for (const row of rows) {
    const known = newest.get(row.deal_id);
    if (known === undefined || row.ts_seen > known.ts_seen) newest.set(row.deal_id, row);
  }
  return [...newest.values()];
}
