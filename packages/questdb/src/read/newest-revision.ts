// The newest version of each row. In: rows of a table of revisions, which keeps every version with the time it was first seen. Out: per bar,
// deal or position the version seen last.

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

/** Of versions of deals or positions of one account, in any order: the newest of each. */
export function newestById<R extends { readonly ts_seen: number }>(
  rows: readonly R[],
  idOf: (row: R) => number | bigint,
): R[] {
  const newest = new Map<number | bigint, R>();
  for (const row of rows) {
    const known = newest.get(idOf(row));
    if (known === undefined || row.ts_seen > known.ts_seen) newest.set(idOf(row), row);
  }
  return [...newest.values()];
}
