// Writes coverage with source `history`, and ends the history gaps that it closes. In: proved ranges whose rows are applied. Out: nothing, once the
// coverage is applied. Must be called under the stream's lock, because a claim extends existing ranges. Coverage names the clock rule of its rows,
// so a range never grows into one read with another rule.
import { historyClaim, intersect, type Range, subtract, type TableRow, unite } from '@fxtape/market';
import type { GapRow, StreamKeyOf } from '@fxtape/questdb';
import { gapInState } from './gap-rows.ts';
import type { SyncContext } from '../context/sync-context.ts';

export async function claim(
  c: SyncContext,
  key: StreamKeyOf,
  proved: readonly Range[],
  rows: number,
): Promise<void> {
  const { reader, writer } = c.parts;
  const [first, last] = [proved[0], proved.at(-1)];
  if (first === undefined || last === undefined) return;
  const reach = { fromUs: first.fromUs, toUs: last.toUs };
  const { ruleId } = c.account;
  const options = { signal: c.signal };
  const [all, ofRule] = await Promise.all([
    reader.coverageOf(key, 'history', reach, options),
    reader.coverageOf(key, 'history', reach, { ...options, ruleId }),
  ]);
  const known = unite(all);
  let own = unite(ofRule);
  const claims: TableRow<'coverage'>[] = [];
  for (const range of proved)
    for (const piece of subtract([range], subtract(known, own))) {
      if (subtract([piece], own).length === 0) continue;
      claims.push(historyClaim({ key, known: own, proved: piece, rows, ruleId }));
      own = unite([...own, piece]);
    }
  if (claims.length > 0) await writer.write({ coverage: claims }, { signal: c.signal });
  await healRefused(c, key, reach, unite([...known, ...own]), rows);
}

/** Ends the history gaps that lie within what is now covered. */
async function healRefused(
  c: SyncContext,
  key: StreamKeyOf,
  reach: Range,
  covered: readonly Range[],
  rows: number,
): Promise<void> {
  const open = (await c.parts.historyGaps.open(key, c.signal)).filter(
    (gap) => intersect([rangeOf(gap)], [reach]).length > 0 && subtract([rangeOf(gap)], covered).length === 0,
  );
  if (open.length === 0) return;
  const evidence = { covered_by: 'history', rule: c.account.ruleId };
  const states = open.map((gap) =>
    gapInState(c.parts.stamps, gap, { state: 'healed', rowsHealed: rows, evidence }),
  );
  await c.parts.writer.write({ gap_events: states }, { signal: c.signal });
  c.parts.historyGaps.changed(key.account);
}

const rangeOf = (gap: GapRow): Range => ({ fromUs: gap.ts_from ?? 0, toUs: gap.ts_to ?? 0 });

/** The name of the lock under which rows of a stream are compared with the tables and written. */
export const streamLock = (key: StreamKeyOf): string =>
  [key.account, key.feed, key.stream, key.symbol, key.timeframe].map((part) => part ?? '').join('|');
