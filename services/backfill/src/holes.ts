// What of an answered range cannot be claimed: rows that cannot be stored, and hours that cannot be told apart. In: the page and what the
// database condemned. Out: the holes, after their rows stand in `rejected` and their gaps in `gap_events`. A hole that is known already
// is not written again.
import { historyGapId, intersect, type Range, unite } from '@fxtape/market';
import type { CondemnedRow, StreamKeyOf, TableRow } from '@fxtape/questdb';
import { openedGap } from './gap-rows.ts';
import type { HistoryAnswer, RejectedItem } from './history-source.ts';
import type { SyncContext } from './sync-context.ts';

/** What of a rejected row is kept in the table. */
const RAW_LIMIT = 1_048_576;

export interface HoleRules {
  readonly key: StreamKeyOf;
  /** `history_bar` and its like, for `rejected`. */
  readonly kind: string;
  /** The range that a rejected row would fill; null when it does not say. */
  readonly rangeOf: (raw: unknown) => Range | null;
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
  const rejected = new Map<string, { range: Range; items: RejectedItem[] }>();
  for (const item of items) {
    // A row that does not say where it belongs may belong anywhere in the page.
    const own = rules.rangeOf(item.raw);
    const range = own === null ? page.range : intersect([own], [page.range])[0];
    if (range === undefined) continue;
    const id = historyGapId(rules.key, range, 'rejected');
    rejected.set(id, { range, items: [...(rejected.get(id)?.items ?? []), item] });
  }
  const ambiguous = intersect(unite(page.ambiguous), [page.range]);
  for (const { range, items: group } of rejected.values()) await recordRejected(c, rules, range, group);
  for (const range of ambiguous) {
    await recordGap(c, rules.key, range, 'refused', { reason: 'ambiguous hour' });
  }
  return unite([...ambiguous, ...[...rejected.values()].map(({ range }) => range)]);
}

async function recordRejected(
  c: SyncContext,
  rules: HoleRules,
  range: Range,
  items: readonly RejectedItem[],
): Promise<void> {
  const { account } = rules.key;
  const id = historyGapId(rules.key, range, 'rejected');
  if ((await c.parts.historyGaps.known(account, id, c.signal))?.state === 'open') return;
  const rows = items.map((item): TableRow<'rejected'> => {
    const ts = c.parts.stamps.next(`rejected ${account}`);
    const raw = JSON.stringify(item.raw, spelled) ?? '';
    return { ts, account, ts_recv: ts, kind: rules.kind, reason: item.reason, raw: raw.slice(0, RAW_LIMIT) };
  });
  await c.parts.writer.write({ rejected: rows }, { signal: c.signal });
  const evidence = { reason: items[0]?.reason, rows: items.length, kind: rules.kind };
  await recordGap(c, rules.key, range, 'rejected', evidence);
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
  // Whoever decided about this gap knew as much.
  if (known !== null && known.state !== 'healed') return;
  const opened = openedGap(stamps, { key, range, cause, evidence, afterUs: known?.ts_updated ?? 0 });
  await writer.write({ gap_events: [opened] }, { signal: c.signal });
  historyGaps.changed(key.account);
}

const spelled = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' ? value.toString() : value;
