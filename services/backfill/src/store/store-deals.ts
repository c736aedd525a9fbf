// Writes deals into the tables: versions first, then what differs from the newest. An unchanged re-read writes nothing.
import { type DealRow, sameDeal, type TableRow } from '@fxtape/market';
import type { HistoryAnswer } from '../fetch/history-source.ts';
import { fieldRows } from './rejected-rows.ts';
import { atFirst, type VersionRules, versionDifferences, type Stored } from './store-versions.ts';
import type { SyncContext } from '../context/sync-context.ts';

type Known = TableRow<'deals'>;

export const DEAL_VERSIONS: VersionRules<DealRow, Known> = {
  idOf: (row) => row.deal_id,
  same: sameDeal,
  placed: atFirst,
};

export async function storeDeals(
  c: SyncContext,
  { beside, incomplete, rows: inside }: HistoryAnswer<DealRow>,
): Promise<Stored> {
  const answer = [...inside, ...beside];
  if (answer.length === 0) return { written: 0, condemned: [] };
  const { numbers, reader, writer } = c.parts;
  const options = { signal: c.signal };
  const ids = answer.map((row) => row.deal_id);
  const [stored, seen] = await Promise.all([
    reader.dealsById(c.account.account, ids, options),
    reader.latestDealRevisions(c.account.account, ids, options),
  ]);
  const { revisions, rows } = versionDifferences(answer, stored, seen, DEAL_VERSIONS);
  numbers.unchanged('deals', answer.length - Math.max(rows.length, revisions.length));
  if (rows.length === 0 && revisions.length === 0) return { written: 0, condemned: [] };
  const isNew = new Set(revisions.map((row) => String(row.deal_id)));
  const tables = {
    ...fieldRows(c, incomplete, (row) => isNew.has(String(row.deal_id))),
    ...(revisions.length > 0 && { deal_revisions: revisions }),
    ...(rows.length > 0 && { deals: rows }),
  };
  const { condemned } = await writer.write(tables, options);
  numbers.stored('deal_revisions', revisions.length);
  numbers.stored('deals', rows.length);
  return { written: Math.max(rows.length, revisions.length), condemned };
}
