// Closed round trips of an account and range: fetched, compared, stored, claimed. Only what is new or changed is written; a position keeps
// the opening time that it had first.
import { type PositionRow, type Range, samePosition } from '@fxtape/market';
import type { TableRow } from '@fxtape/questdb';
import type { HistoryAnswer } from './history-source.ts';
import { positionSource } from './position-source.ts';
import { fieldRows } from './rejected-rows.ts';
import { atFirst } from './store-deals.ts';
import { momentOf, TRAIL_US } from './sync-deals.ts';
import type { SyncContext, SyncOutcome } from './sync-context.ts';
import { type Stored, syncRange } from './sync-range.ts';

/** Errors: as syncDeals. */
export async function syncPositions(c: SyncContext, of: { readonly range: Range }): Promise<SyncOutcome> {
  const { account } = c;
  const toUs = Math.min(of.range.toUs, (await account.nowUs(c.signal)) - TRAIL_US);
  if (toUs <= of.range.fromUs) return { rows: 0, requests: 0, covered: [], outcome: 'nothing_there' };
  return syncRange<PositionRow>(
    c,
    {
      source: positionSource(c),
      key: { account: account.account, feed: null, symbol: null, stream: 'positions', timeframe: null },
      kind: 'history_position',
      claims: true,
      store: (page) => storePositions(c, page),
      rangeOf: (raw) => momentOf(raw, 'closeTime', c),
      provenToUs: async (page) => page.range.toUs,
      // An account may never have closed a position.
      noneAtAll: () => {},
    },
    { fromUs: of.range.fromUs, toUs },
  );
}

async function storePositions(
  c: SyncContext,
  { incomplete, rows }: HistoryAnswer<PositionRow>,
): Promise<Stored> {
  if (rows.length === 0) return { written: 0, condemned: [] };
  const { numbers, reader, writer } = c.parts;
  const ids = rows.map((row) => row.position_id);
  const stored = await reader.positionsById(c.account.account, ids, { signal: c.signal });
  const positions = positionDifferences(rows, stored);
  numbers.unchanged('positions', rows.length - positions.length);
  if (positions.length === 0) return { written: 0, condemned: [] };
  const isNew = new Set(positions.map((row) => String(row.position_id)));
  const fields = fieldRows(c, incomplete, (row) => isNew.has(String(row.position_id)));
  const { condemned } = await writer.write({ ...fields, positions }, { signal: c.signal });
  numbers.stored('positions', positions.length);
  return { written: positions.length, condemned };
}

/** What has to be written so that the table says what was answered. */
export function positionDifferences(
  rows: readonly PositionRow[],
  stored: readonly TableRow<'positions'>[],
): PositionRow[] {
  const nowOf = new Map(stored.map((row) => [String(row.position_id), row]));
  return rows.flatMap((answered) => {
    const now = nowOf.get(String(answered.position_id));
    if (now === undefined) return [answered];
    if ((now.ts_seen ?? 0) > answered.ts_seen) return [];
    const row = ofItsRule(answered, now);
    return samePosition(now, row) ? [] : [row];
  });
}

/**
 * The answer as a row of the clock rule that wrote the one in the table: both of its times are of one rule, because the offset of its opening
 * tells a correction which rule that was.
 */
function ofItsRule(answered: PositionRow, now: TableRow<'positions'>): PositionRow {
  const row = atFirst(answered, now);
  const opened = (each: { readonly ts: number; readonly utc_offset_s?: number | null }): number =>
    each.ts + (each.utc_offset_s ?? 0) * 1_000_000;
  const isOfAnother = row.utc_offset_s !== answered.utc_offset_s && opened(now) === opened(answered);
  return isOfAnother ? { ...row, ts_close: now.ts_close ?? row.ts_close } : row;
}
