// The rows to write so that a table matches an answer and its table of revisions keeps earlier versions. In: answered rows, and the rows of both tables
// with the same numbers. Out: the rows to write. A row keeps its first time, so later versions replace it. Answers older than the stored rows are
// ignored.

import type { CondemnedRow } from '@fxtape/questdb';

export interface Stored {
  /** Rows that were new or changed. */
  readonly written: number;
  readonly condemned: readonly CondemnedRow[];
}
interface Known {
  readonly ts: number;
  readonly ts_seen?: number | null;
  readonly utc_offset_s?: number | null;
}

export interface VersionRules<R, K> {
  readonly idOf: (row: R | K) => number | bigint;
  readonly same: (known: K, row: R) => boolean;
  /** The answered row at the times under which it is stored. */
  readonly placed: (answered: R, known: K) => R;
}

export interface Differences<R> {
  readonly rows: readonly R[];
  readonly revisions: readonly R[];
}

export function versionDifferences<R extends { readonly ts_seen: number }, K extends Known>(
  answer: readonly R[],
  stored: readonly K[],
  versions: readonly K[],
  of: VersionRules<R, K>,
): Differences<R> {
  const byId = (known: readonly K[]): Map<string, K> =>
    new Map(known.map((row) => [String(of.idOf(row)), row]));
  const [nowOf, newestOf] = [byId(stored), byId(versions)];
  const rows: R[] = [];
  const revisions: R[] = [];
  for (const answered of answer) {
    const id = String(of.idOf(answered));
    const [now, newest] = [nowOf.get(id), newestOf.get(id)];
    const seenUs = newest?.ts_seen ?? 0;
    if (Math.max(now?.ts_seen ?? 0, seenUs) > answered.ts_seen) continue;
    const known = now ?? newest;
    const row = known === undefined ? answered : of.placed(answered, known);
    const isNew = newest === undefined || !of.same(newest, row);
    if (isNew) revisions.push(row);
    // A version written before a crash keeps the time at which it was first seen.
    if (now === undefined || !of.same(now, row)) rows.push(isNew ? row : { ...row, ts_seen: seenUs });
  }
  return { rows, revisions };
}

/** The row at the time under which it is stored. */
export function atFirst<R extends { readonly ts: number; readonly utc_offset_s: number }>(
  row: R,
  known: Known,
): R {
  if (known.ts === row.ts) return row;
  return { ...row, ts: known.ts, utc_offset_s: known.utc_offset_s ?? row.utc_offset_s };
}
