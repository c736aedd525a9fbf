// Writes bars: a row that differs from its newest revision becomes a new revision, one that differs from `bars` replaces it, and unchanged rows write
// nothing. Revisions are written first, so a crash in between loses no version. Answers older than the stored rows are ignored.
import { type BarRow, sameBar, type TableRow } from '@fxtape/market';
import type { HistoryAnswer } from '../fetch/history-source.ts';
import { fieldRows } from './rejected-rows.ts';
import type { SyncContext } from '../context/sync-context.ts';
import type { Stored } from './store-versions.ts';

type Revision = TableRow<'bar_revisions'>;

export async function storeBars(
  c: SyncContext,
  of: { feed: string; symbol: string; timeframe: string },
  { incomplete, range, rows }: Pick<HistoryAnswer<BarRow>, 'rows' | 'range' | 'incomplete'>,
): Promise<Stored> {
  if (rows.length === 0) return { written: 0, condemned: [] };
  const { numbers, reader, writer } = c.parts;
  const options = { signal: c.signal };
  const [stored, seen] = await Promise.all([
    reader.bars(of, range, options),
    reader.latestBarRevisions(of, range, options),
  ]);
  const { bars, revisions } = differences(rows, stored, seen);
  numbers.unchanged('bars', rows.length - Math.max(bars.length, revisions.length));
  if (bars.length === 0 && revisions.length === 0) return { written: 0, condemned: [] };
  const isNew = new Set(revisions);
  const tables = {
    ...fieldRows(c, incomplete, (row) => isNew.has(row)),
    ...(revisions.length > 0 && { bar_revisions: revisions }),
    ...(bars.length > 0 && { bars }),
  };
  const { condemned } = await writer.write(tables, options);
  numbers.stored('bar_revisions', revisions.length);
  numbers.stored('bars', bars.length);
  return { written: Math.max(bars.length, revisions.length), condemned };
}

/** The rows to write so that the tables match the answer. */
export function differences(
  rows: readonly BarRow[],
  stored: readonly TableRow<'bars'>[],
  seen: readonly Revision[],
): { bars: BarRow[]; revisions: BarRow[] } {
  if (stored.length === 0 && seen.length === 0) return { bars: [...rows], revisions: [...rows] };
  const nowOf = new Map(stored.map((row) => [row.ts, row]));
  const newestOf = new Map(seen.map((row) => [row.ts, row]));
  const bars: BarRow[] = [];
  const revisions: BarRow[] = [];
  for (const row of rows) {
    const now = nowOf.get(row.ts);
    const newest = newestOf.get(row.ts);
    const knownUs = Math.max(now?.ts_seen ?? 0, newest?.ts_seen ?? 0);
    if (knownUs > row.ts_seen) continue;
    const isNew = newest === undefined || !sameBar(newest, row);
    if (isNew) revisions.push(row);
    // A version written before a crash keeps the time at which it was first seen.
    if (now === undefined || !sameBar(now, row)) bars.push(isNew ? row : { ...row, ts_seen: newest.ts_seen });
  }
  return { bars, revisions };
}
