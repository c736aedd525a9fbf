// Deals into the tables: a deal keeps the time that it had first, so that it stays one row whatever the broker says of it later; what
// else changed is a revision and replaces the row. An unchanged re-read writes nothing.
import { type DealRow, sameDeal } from '@fxtape/market';
import type { TableRow } from '@fxtape/questdb';
import type { HistoryAnswer } from './history-source.ts';
import { fieldRows } from './rejected-rows.ts';
import type { SyncContext } from './sync-context.ts';
import type { Stored } from './sync-range.ts';

type Revision = TableRow<'deal_revisions'>;

export async function storeDeals(
  c: SyncContext,
  { incomplete, rows }: Pick<HistoryAnswer<DealRow>, 'rows' | 'incomplete'>,
): Promise<Stored> {
  if (rows.length === 0) return { written: 0, condemned: [] };
  const { numbers, reader, writer } = c.parts;
  const options = { signal: c.signal };
  const ids = rows.map((row) => row.deal_id);
  const [stored, seen] = await Promise.all([
    reader.dealsById(c.account.account, ids, options),
    reader.latestDealRevisions(c.account.account, ids, options),
  ]);
  const { deals, revisions } = dealDifferences(rows, stored, seen);
  numbers.unchanged('deals', rows.length - Math.max(deals.length, revisions.length));
  if (deals.length === 0 && revisions.length === 0) return { written: 0, condemned: [] };
  const isNew = new Set(revisions.map((row) => String(row.deal_id)));
  const tables = {
    ...fieldRows(c, incomplete, (row) => isNew.has(String(row.deal_id))),
    ...(revisions.length > 0 && { deal_revisions: revisions }),
    ...(deals.length > 0 && { deals }),
  };
  const { condemned } = await writer.write(tables, options);
  numbers.stored('deal_revisions', revisions.length);
  numbers.stored('deals', deals.length);
  return { written: Math.max(deals.length, revisions.length), condemned };
}

/** What has to be written so that the tables say what was answered. */
export function dealDifferences(
  rows: readonly DealRow[],
  stored: readonly TableRow<'deals'>[],
  seen: readonly Revision[],
): { deals: DealRow[]; revisions: DealRow[] } {
  const nowOf = new Map(stored.map((row) => [String(row.deal_id), row]));
  const newestOf = new Map(seen.map((row) => [String(row.deal_id), row]));
  const deals: DealRow[] = [];
  const revisions: DealRow[] = [];
  for (const answered of rows) {
    const id = String(answered.deal_id);
    const [now, newest] = [nowOf.get(id), newestOf.get(id)];
    const knownUs = Math.max(now?.ts_seen ?? 0, newest?.ts_seen ?? 0);
    if (knownUs > answered.ts_seen) continue;
    const row = atFirst(answered, now ?? newest);
    const isNew = newest === undefined || !sameDeal(newest, row);
    if (isNew) revisions.push(row);
    if (now === undefined || !sameDeal(now, row))
      deals.push(isNew ? row : { ...row, ts_seen: newest.ts_seen });
  }
  return { deals, revisions };
}

/** The row at the time under which it stands in the tables. */
export function atFirst<R extends { readonly ts: number; readonly utc_offset_s: number }>(
  row: R,
  known: { readonly ts: number; readonly utc_offset_s?: number | null } | undefined,
): R {
  if (known === undefined || known.ts === row.ts) return row;
  return { ...row, ts: known.ts, utc_offset_s: known.utc_offset_s ?? row.utc_offset_s };
}
