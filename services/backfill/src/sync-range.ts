// One range of history from the gateway into the tables, the same way for bars, deals and positions:
//
//   pages ─► compare with the tables ─► write what differs ─► applied ─► holes: rejected, gaps ─► coverage ─► applied ─► checkpoint
//
// While a page is stored the next one is fetched. Empty pages wait for the first one with rows: only then it is known that they lie
// within history and not before its beginning.
import { EARLIEST_STORABLE_MS, type Range, subtract, unite } from '@fxtape/market';
import type { CondemnedRow } from '@fxtape/questdb';
import { claim } from './claim.ts';
import { ComeAgain } from './come-again.ts';
import { beginningOf } from './earliest.ts';
import { fetchPages } from './fetch-pages.ts';
import type { HistoryAnswer, HistorySource } from './history-source.ts';
import { type HoleRules, recordHoles } from './holes.ts';
import { recordLimit } from './limits.ts';
import { oneAhead } from './one-ahead.ts';
import type { SyncContext, SyncOutcome } from './sync-context.ts';

export interface Stored {
  /** Rows that were new or changed. */
  readonly written: number;
  readonly condemned: readonly CondemnedRow[];
}

export interface RangeSync<R> extends HoleRules {
  readonly source: HistorySource<R>;
  /** Compares with the tables, writes what differs and waits until it is applied. Called under the stream's lock. */
  readonly store: (page: HistoryAnswer<R>) => Promise<Stored>;
  /** Up to where a page proves that nothing is missing; the page's end or less. */
  readonly provenToUs: (page: HistoryAnswer<R>) => Promise<number>;
  /** What to do when there is no row at all, neither before nor in nor after the range: it is so, or it cannot be. */
  readonly noneAtAll: (range: Range) => void;
  /** False: rows are stored and nothing is claimed. */
  readonly claims: boolean;
}

export async function syncRange<R extends object>(
  c: SyncContext,
  of: RangeSync<R>,
  wanted: Range,
): Promise<SyncOutcome> {
  // Before that no table holds anything.
  const range = { ...wanted, fromUs: Math.max(wanted.fromUs, EARLIEST_STORABLE_MS * 1000) };
  const before = c.resume !== null && within(c.resume.cursorUs, range) ? c.resume : null;
  const fromUs = before?.cursorUs ?? range.fromUs;
  const covered: Range[] = before === null ? [] : [{ fromUs: range.fromUs, toUs: fromUs }];
  let rows = before?.rows ?? 0;
  const requests = (): number => (before?.requests ?? 0) + c.requests();
  const empty: Range[] = [];
  let found = before !== null;
  if (fromUs < range.toUs) {
    for await (const page of oneAhead(fetchPages(c, of.source, { fromUs, toUs: range.toUs }))) {
      if (!found && page.size === 0 && page.openFromUs === null) {
        empty.push(page.range);
        continue;
      }
      found = true;
      const stored = await storePage(c, of, page, empty.splice(0));
      rows += stored.written;
      covered.push(...stored.covered);
      await c.onApplied({ cursorUs: page.range.toUs, rows, requests: requests() });
    }
  }
  if (found || fromUs >= range.toUs) {
    const outcome = rows > 0 ? 'rows' : 'nothing_there';
    return { rows, requests: requests(), covered: unite(covered), outcome };
  }
  const end = await settleEmpty(c, of, range);
  return { rows: 0, requests: requests(), ...end };
}

/** Weekends and holidays are shorter. */
const LONG_US = 4 * 86_400_000_000;

const within = (us: number, range: Range): boolean => us > range.fromUs && us <= range.toUs;

async function storePage<R extends object>(
  c: SyncContext,
  of: RangeSync<R>,
  page: HistoryAnswer<R>,
  emptyBefore: readonly Range[],
): Promise<{ written: number; covered: Range[] }> {
  const toUs = await of.provenToUs(page);
  return c.parts.locks.hold(lockName(of), c.signal, async () => {
    const { condemned, written } = await of.store(page);
    const holes = await recordHoles(c, of, page, condemned);
    if (!of.claims) return { written, covered: [] };
    const proved = toUs > page.range.fromUs ? [{ fromUs: page.range.fromUs, toUs }] : [];
    const claims = subtract(unite([...emptyBefore, ...proved]), holes);
    await claim(c, of.key, claims, page.rows.length);
    return { written, covered: claims };
  });
}

/** Nothing in the whole range, said twice: nothing there, or before the beginning. */
async function settleEmpty<R extends object>(
  c: SyncContext,
  of: RangeSync<R>,
  range: Range,
): Promise<Pick<SyncOutcome, 'covered' | 'outcome'>> {
  const nothing = { range, rows: [], size: 0, rejected: [], incomplete: [], ambiguous: [], openFromUs: null };
  const toUs = await of.provenToUs(nothing);
  if (!of.claims || toUs <= range.fromUs) return { covered: [], outcome: 'nothing_there' };
  const proved = { fromUs: range.fromUs, toUs };
  const beginning = await beginningOf(c, of.source, range, await c.account.nowUs(c.signal));
  await stillEmpty(c, of.source, range);
  const long = range.toUs - range.fromUs > LONG_US;
  if (long || beginning.kind === 'begins') {
    const { agreements, clock, looksApartMs } = c.parts;
    // Where a history begins is one fact for all ranges before it: their looks confirm each other, and never each other's contrary.
    const about = beginning.kind === 'begins' ? 'beginning' : `${range.fromUs}-${range.toUs}`;
    const topic = `${of.source.streamKey}|${about}`;
    const heldMs = agreements.heldFor(topic, JSON.stringify(beginning), clock.monoMs());
    if (heldMs < looksApartMs) {
      throw new ComeAgain(looksApartMs - heldMs, `${of.source.what} may not be loaded yet`);
    }
  }
  if (beginning.kind === 'begins') {
    if (beginning.firstUs === null) of.noneAtAll(range);
    await recordLimit(c, of.key, beginning.firstUs ?? range.fromUs, range);
    if (beginning.firstUs !== null) return { covered: [], outcome: 'before_beginning' };
  }
  await c.parts.locks.hold(lockName(of), c.signal, () => claim(c, of.key, [proved], 0));
  return { covered: [proved], outcome: 'nothing_there' };
}

/** A terminal that loaded its history during the look has rows now: then the range has to be read anew. */
async function stillEmpty<R>(c: SyncContext, source: HistorySource<R>, range: Range): Promise<void> {
  const spanUs = c.parts.memory.spanUs(source.memoryKey, source.limits);
  const newest = { fromUs: Math.max(range.fromUs, range.toUs - spanUs), toUs: range.toUs };
  const answer = await source.read(newest, 'agreement');
  if (answer.size > 0) throw new ComeAgain(0, `${source.what} were being loaded`);
}

const lockName = ({ key }: HoleRules): string =>
  [key.account, key.feed, key.stream, key.symbol, key.timeframe].map((part) => part ?? '').join('|');
