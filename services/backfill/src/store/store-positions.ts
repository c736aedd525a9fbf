// Writes closed round trips: revisions first, then rows that differ. A gateway may return a position that was closed in parts as several rows. The
// rows of one answer are already merged, but a page may lack some of them, so a position that may be only a part is read again as a whole.
import { type PositionRow, type Range, samePosition, SECOND_US, type TableRow } from '@fxtape/market';
import type { HistoryAnswer, HistorySource } from '../fetch/history-source.ts';
import { fieldRows } from './rejected-rows.ts';
import { atFirst, type VersionRules, versionDifferences, type Stored } from './store-versions.ts';
import type { SyncContext } from '../context/sync-context.ts';

type Known = TableRow<'positions'>;

export async function storePositions(
  c: SyncContext,
  source: HistorySource<PositionRow>,
  page: HistoryAnswer<PositionRow>,
): Promise<Stored> {
  const told = [...page.rows, ...page.beside];
  if (told.length === 0) return { written: 0, condemned: [] };
  const { numbers, reader, writer } = c.parts;
  const options = { signal: c.signal };
  const ids = told.map((row) => row.position_id);
  const [stored, seen] = await Promise.all([
    reader.positionsById(c.account.account, ids, options),
    reader.latestPositionRevisions(c.account.account, ids, options),
  ]);
  const answer = await wholePositions(source, told, stored);
  const { revisions, rows } = versionDifferences(answer, stored, seen, POSITION_VERSIONS);
  numbers.unchanged('positions', answer.length - Math.max(rows.length, revisions.length));
  if (rows.length === 0 && revisions.length === 0) return { written: 0, condemned: [] };
  const isNew = new Set(revisions.map((row) => String(row.position_id)));
  const tables = {
    ...fieldRows(c, page.incomplete, (row) => isNew.has(String(row.position_id))),
    ...(revisions.length > 0 && { position_revisions: revisions }),
    ...(rows.length > 0 && { positions: rows }),
  };
  const { condemned } = await writer.write(tables, options);
  numbers.stored('position_revisions', revisions.length);
  numbers.stored('positions', rows.length);
  return { written: Math.max(rows.length, revisions.length), condemned };
}

/** Each position once, with all of its parts. */
async function wholePositions(
  source: Pick<HistorySource<PositionRow>, 'read'>,
  told: readonly PositionRow[],
  stored: readonly Known[],
): Promise<PositionRow[]> {
  const nowOf = new Map(stored.map((row) => [String(row.position_id), row]));
  const whole: PositionRow[] = [];
  for (const [id, parts] of Map.groupBy(told, (row) => String(row.position_id))) {
    const last = parts.at(-1) as PositionRow;
    const known = nowOf.get(id);
    if (parts.length === 1 && (known === undefined || isWhole(last, known))) {
      whole.push(last);
      continue;
    }
    const closes = parts.map((row) => row.ts_close);
    const range: Range = {
      fromUs: Math.min(...parts.map((row) => row.ts)),
      toUs: Math.max(...closes, known?.ts_close ?? 0) + SECOND_US,
    };
    const { beside, rows } = await source.read(range, 'edge');
    whole.push([...rows, ...beside].find((row) => String(row.position_id) === id) ?? last);
  }
  return whole;
}

/** True if the answered row has the volume and closing time of the known row. */
function isWhole(answered: PositionRow, known: Known): boolean {
  const row = ofItsRule(answered, known);
  return row.ts_close === known.ts_close && row.volume === (known.volume ?? null);
}

/**
 * The answer with the times of the stored row, if that was read with another clock rule. Both times must belong to one rule, because `fxtape clock
 * apply` determines the rule by the offset of the opening.
 */
function ofItsRule(answered: PositionRow, now: Known): PositionRow {
  const row = atFirst(answered, now);
  const opened = (each: { readonly ts: number; readonly utc_offset_s?: number | null }): number =>
    each.ts + (each.utc_offset_s ?? 0) * SECOND_US;
  const isOfAnother = row.utc_offset_s !== answered.utc_offset_s && opened(now) === opened(answered);
  return isOfAnother ? { ...row, ts_close: now.ts_close ?? row.ts_close } : row;
}

export const POSITION_VERSIONS: VersionRules<PositionRow, Known> = {
  idOf: (row) => row.position_id,
  same: samePosition,
  placed: ofItsRule,
};
