// The parts of an answered range that cannot be covered: rows that cannot be stored, and ambiguous hours. In: the page, and the rows that the database
// condemned. Out: the holes, once their rows are in `rejected` and their gaps in `gap_events`. A known hole is not written again.
import { createHash } from 'node:crypto';
import {
  EARLIEST_STORABLE_MS,
  historyGapId,
  intersect,
  LATEST_STORABLE_MS,
  type Range,
  unite,
} from '@fxtape/market';
import type { CondemnedRow, StreamKeyOf } from '@fxtape/questdb';
import { openedGap } from '../store/gap-rows.ts';
import type { HistoryAnswer, RejectedItem } from '../fetch/history-source.ts';
import { rawText, rejectedRows } from '../store/rejected-rows.ts';
import type { SyncContext } from '../context/sync-context.ts';

export interface HoleRules {
  readonly key: StreamKeyOf;
  /** `history_bar` and its like, for `rejected`. */
  readonly kind: string;
  /** The range that a rejected row would fill; null if it does not say. */
  readonly rangeOf: (raw: unknown) => Range | null;
}

interface Group {
  readonly range: Range;
  readonly items: RejectedItem[];
  /** Digests of the items that do not say where they belong. */
  readonly unplaced: string[];
}

export async function recordHoles(
  c: SyncContext,
  rules: HoleRules,
  page: Pick<HistoryAnswer<unknown>, 'range' | 'rejected' | 'ambiguous'>,
  condemned: readonly CondemnedRow[],
): Promise<Range[]> {
  const items: RejectedItem[] = [
    ...page.rejected,
    ...condemned.map((each) => ({ raw: each.row, reason: each.reason })),
  ];
  const groups = new Map<string, Group>();
  for (const item of items) {
    const own = placeOf(rules, item);
    // A row of another page is handled with that page.
    const range = own === null ? page.range : intersect([own], [page.range])[0];
    if (range === undefined) continue;
    const digest = own === null ? digestOf(item) : null;
    const id = historyGapId(rules.key, range, 'rejected');
    if (digest !== null && (await isInAnotherGap(c, rules, id, digest))) continue;
    const group = groups.get(id) ?? { range, items: [], unplaced: [] };
    groups.set(id, group);
    group.items.push(item);
    if (digest !== null) group.unplaced.push(digest);
  }
  const ambiguous = intersect(unite(page.ambiguous), [page.range]);
  for (const group of groups.values()) await recordRejected(c, rules, group);
  for (const range of ambiguous) {
    await recordGap(c, rules.key, range, 'refused', { reason: 'ambiguous hour' });
  }
  return unite([...ambiguous, ...[...groups.values()].map(({ range }) => range)]);
}

/** Null: the row has no time that a table can hold, so it may belong anywhere in the page. */
function placeOf(rules: HoleRules, { raw }: RejectedItem): Range | null {
  const own = rules.rangeOf(raw);
  if (own === null) return null;
  return own.fromUs >= EARLIEST_STORABLE_MS * 1000 && own.fromUs < LATEST_STORABLE_MS * 1000 ? own : null;
}

/** A row without a time may come with every answer; it gets only one gap. */
async function isInAnotherGap(
  c: SyncContext,
  { key }: HoleRules,
  gapId: string,
  digest: string,
): Promise<boolean> {
  const gaps = await c.parts.historyGaps.setAside(key, digest, c.signal);
  return gaps.length > 0 && !gaps.includes(gapId);
}

const digestOf = ({ raw }: RejectedItem): string =>
  createHash('sha256').update(rawText(raw)).digest('base64url').slice(0, 16);

async function recordRejected(c: SyncContext, rules: HoleRules, group: Group): Promise<void> {
  const { items, range, unplaced } = group;
  const { account } = rules.key;
  const id = historyGapId(rules.key, range, 'rejected');
  if ((await c.parts.historyGaps.known(account, id, c.signal))?.state === 'open') return;
  await c.parts.writer.write({ rejected: rejectedRows(c, rules.kind, items) }, { signal: c.signal });
  const facts = { reason: items[0]?.reason, rows: items.length, kind: rules.kind };
  await recordGap(c, rules.key, range, 'rejected', unplaced.length === 0 ? facts : { ...facts, unplaced });
}

async function recordGap(
  c: SyncContext,
  key: StreamKeyOf,
  range: Range,
  cause: 'refused' | 'rejected',
  evidence: object,
): Promise<void> {
  const { historyGaps, stamps, writer } = c.parts;
  const known = await historyGaps.known(key.account, historyGapId(key, range, cause), c.signal);
  // The gap is already recorded.
  if (known !== null && known.state !== 'healed') return;
  const opened = openedGap(stamps, { key, range, cause, evidence, afterUs: known?.ts_updated ?? 0 });
  await writer.write({ gap_events: [opened] }, { signal: c.signal });
  historyGaps.changed(key.account);
}
