// One range of history from the gateway into the tables, the same way for bars, deals and positions:
//
//   pages ─► compare with the tables ─► write what differs ─► applied ─► holes and known losses: gaps ─► coverage ─► applied ─► checkpoint
//
// While a page is stored, the next one is fetched. Empty pages are covered together with the first page with rows, which proves that they lie
// within history and not before its beginning (settle-empty.ts).
import { EARLIEST_STORABLE_MS, type Range, subtract, unite } from '@fxtape/market';
import { claim, streamLock } from '../store/claim.ts';
import { fetchPages, oneAhead } from '../fetch/fetch-pages.ts';
import type { HistoryAnswer, HistorySource } from '../fetch/history-source.ts';
import { type HoleRules, recordHoles } from './holes.ts';
import type { Stored } from '../store/store-versions.ts';
import { isKnownNone, limitOf, withdrawLimit } from '../fetch/limits.ts';
import { settleEmpty } from './settle-empty.ts';
import type { SyncContext, SyncOutcome } from '../context/sync-context.ts';

/** How the rows of one stream are read, stored and covered. */
export interface RangeSync<R> extends HoleRules {
  readonly source: HistorySource<R>;
  /** Compares with the tables, writes what differs and waits until it is applied. Called under the stream's lock. */
  readonly store: (page: HistoryAnswer<R>) => Promise<Stored>;
  /** Up to when a page proves that nothing is missing; at most the page's end. */
  readonly provenToUs: (page: HistoryAnswer<R>) => Promise<number>;
  /** Called when there is no row before, in or after the range. Throws if that cannot be true. */
  readonly noneAtAll: (range: Range) => void;
  /** False: rows are stored, but no coverage is written. */
  readonly claims: boolean;
  /** Called before a range is covered: opens gaps for known trades that the answer lacks. */
  readonly beforeClaim?: (range: Range) => Promise<unknown>;
  /** Re-reads and requests by a person also check again where history begins. */
  readonly again: boolean;
}

export async function syncRange<R extends object>(
  c: SyncContext,
  of: RangeSync<R>,
  wanted: Range,
): Promise<SyncOutcome> {
  // No table holds anything before this.
  const range = { ...wanted, fromUs: Math.max(wanted.fromUs, EARLIEST_STORABLE_MS * 1000) };
  const before = c.resume !== null && within(c.resume.cursorUs, range) ? c.resume : null;
  const fromUs = before?.cursorUs ?? range.fromUs;
  const covered: Range[] = before === null ? [] : [{ fromUs: range.fromUs, toUs: fromUs }];
  let rows = before?.rows ?? 0;
  const requests = (): number => (before?.requests ?? 0) + c.requests();
  const isOfAccount = of.key.feed === null;
  const limit = of.again || isOfAccount ? await limitOf(c, of.key) : null;
  const emptyIsKnown = isOfAccount && !of.again && isKnownNone(c, limit);
  const source = { ...of.source, emptyIsKnown };
  const empty: Range[] = [];
  let found = before !== null || emptyIsKnown;
  let oldestUs = Number.POSITIVE_INFINITY;
  if (fromUs < range.toUs) {
    for await (const page of oneAhead(fetchPages(c, source, { fromUs, toUs: range.toUs }))) {
      if (!found && page.size === 0 && page.openFromUs === null) {
        empty.push(page.range);
        continue;
      }
      found = true;
      for (const row of page.rows.slice(0, 1)) oldestUs = Math.min(oldestUs, source.atUs(row));
      const stored = await storePage(c, of, page, empty.splice(0));
      rows += stored.written;
      covered.push(...stored.covered);
      await c.onApplied({ cursorUs: page.range.toUs, rows, requests: requests() });
    }
  }
  if (typeof limit?.ts_earliest === 'number' && oldestUs < limit.ts_earliest)
    await withdrawLimit(c, of.key, { fromUs: oldestUs, toUs: oldestUs + 1 });
  if (found || fromUs >= range.toUs) {
    const outcome = rows > 0 ? 'rows' : 'nothing_there';
    return { rows, requests: requests(), covered: unite(covered), outcome };
  }
  const end = await claimEmpty(c, of, range);
  return { rows: 0, requests: requests(), ...end };
}

const within = (us: number, range: Range): boolean => us > range.fromUs && us <= range.toUs;

async function storePage<R extends object>(
  c: SyncContext,
  of: RangeSync<R>,
  page: HistoryAnswer<R>,
  emptyBefore: readonly Range[],
): Promise<{ written: number; covered: Range[] }> {
  const toUs = await of.provenToUs(page);
  return c.alone(streamLock(of.key), async () => {
    const { condemned, written } = await of.store(page);
    const holes = await recordHoles(c, of, page, condemned);
    if (!of.claims) return { written, covered: [] };
    await of.beforeClaim?.({ fromUs: emptyBefore[0]?.fromUs ?? page.range.fromUs, toUs });
    const proved = toUs > page.range.fromUs ? [{ fromUs: page.range.fromUs, toUs }] : [];
    const claims = subtract(unite([...emptyBefore, ...proved]), holes);
    await claim(c, of.key, claims, page.rows.length);
    return { written, covered: claims };
  });
}

/** The whole range is empty: nothing happened, or it lies before the beginning of history. */
async function claimEmpty<R extends object>(
  c: SyncContext,
  of: RangeSync<R>,
  range: Range,
): Promise<Pick<SyncOutcome, 'covered' | 'outcome'>> {
  const toUs = await of.provenToUs({
    range,
    rows: [],
    beside: [],
    size: 0,
    rejected: [],
    incomplete: [],
    ambiguous: [],
    openFromUs: null,
    anchored: null,
  });
  if (!of.claims || toUs <= range.fromUs) return { covered: [], outcome: 'nothing_there' };
  const { outcome, proved } = await settleEmpty(c, of, range, toUs);
  await c.alone(streamLock(of.key), async () => {
    for (const range of proved) await of.beforeClaim?.(range);
    await claim(c, of.key, proved, 0);
  });
  return { covered: proved, outcome };
}
