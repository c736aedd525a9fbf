// Finds the two stretches of live recording beside a gap that history has to match; both after the gap if nothing was recorded before it. In: a gap of
// one symbol's ticks. Out: both windows, or that it is too early to tell, or that there will never be enough.
import { intersect, type Range, subtract } from '@fxtape/market';
import { type HealContext, pauseMs } from './heal-context.ts';
import { FULL_TICKS, REACH_US, type SideSearch, sideWindow, WIDE_TICKS, WIDE_US } from './side-window.ts';
import type { SymbolGap } from './open-gap.ts';

export type ComparisonWindows =
  | { readonly before: Range; readonly after: Range }
  | { readonly againMs: number; readonly why: string }
  | { readonly lacking: 'before' | 'after' };

/** Coverage trails recording by seconds: for this long after its end, a gap may still lack the coverage of its sides. */
const TRAILING_MS = 120_000;

export async function comparisonWindows(
  h: HealContext,
  gap: SymbolGap,
  nowUs: number,
): Promise<ComparisonWindows> {
  const source = await sideSource(h, gap);
  const before = await sideWindow('before', source);
  const after = await sideWindow('after', source);
  const { timing } = h.heal;
  const waitedMs = Math.max(0, (nowUs - gap.toUs) / 1000);
  const later = (why: string): ComparisonWindows => ({ againMs: pauseMs(timing, waitedMs), why });
  if (before.window === null) {
    if (waitedMs < TRAILING_MS) return later('no live rows before it yet');
    const behind = intersect(source.covered, [{ fromUs: gap.toUs, toUs: gap.toUs + REACH_US }]);
    const halves = await liveHalves(h, gap, behind, source.gaps);
    if (halves === null && waitedMs < timing.fewMs) return later('few live rows after it yet');
    return halves ?? { lacking: 'before' };
  }
  if (after.window === null)
    return waitedMs < timing.sidesMs ? later('no live rows after it yet') : { lacking: 'after' };
  if (isPoor(after) && waitedMs < timing.fewMs) return later('few live rows after it yet');
  return { before: before.window, after: after.window };
}

const isPoor = (side: SideSearch): boolean => side.window !== null && side.best;

async function sideSource(h: HealContext, gap: SymbolGap) {
  const { account, feed, symbol } = gap;
  const reach = { fromUs: gap.fromUs - REACH_US, toUs: gap.toUs + REACH_US };
  const key = { account, feed, symbol, stream: 'ticks', timeframe: null };
  const covered = await h.parts.reader.coverageOf(key, 'live', reach, { signal: h.signal });
  const known = await h.parts.gaps.gaps({
    account,
    feed,
    symbol,
    stream: 'ticks',
    ...reach,
    signal: h.signal,
  });
  const gaps = known.map(({ ts_from: fromUs, ts_to: toUs }) => ({
    fromUs: fromUs ?? reach.fromUs,
    toUs: toUs ?? reach.toUs,
  }));
  return {
    gap,
    covered,
    gaps: [...gaps, gap],
    nearest: async (range: Range, limit: number, side: 'before' | 'after') => {
      const order = { limit, newestFirst: side === 'before', signal: h.signal };
      const ticks = await h.parts.reader.ticks({ feed, symbol }, range, order);
      return ticks.map(({ ts }) => ts);
    },
  };
}

export interface TickKey {
  readonly account: string;
  readonly feed: string;
  readonly symbol: string;
}

export interface LiveHalves {
  readonly before: Range;
  readonly after: Range;
}

/**
 * The first stretch of live recording after some history, as two halves that the history has to match: there are no live rows before it. Null
 * while too little is recorded. `covered` and `gaps` of the stream, from the end of the history on.
 */
export async function liveHalves(
  h: HealContext,
  key: TickKey,
  covered: readonly Range[],
  gaps: readonly Range[],
): Promise<LiveHalves | null> {
  for (const piece of subtract(covered, gaps)) {
    const ticks = await h.parts.reader.ticks(key, piece, { limit: 2 * FULL_TICKS, signal: h.signal });
    const [middle, last] = [ticks[Math.floor(ticks.length / 2)], ticks.at(-1)];
    if (middle === undefined || last === undefined) continue;
    const full = ticks.length >= 2 * FULL_TICKS;
    const toUs = full ? last.ts + 1 : piece.toUs;
    const halves = full
      ? { before: { fromUs: piece.fromUs, toUs: middle.ts }, after: { fromUs: middle.ts, toUs } }
      : halved(piece);
    const wide = toUs - piece.fromUs >= 2 * WIDE_US && ticks.length >= 2 * WIDE_TICKS;
    if (full || wide) return halves;
  }
  return null;
}

function halved({ fromUs, toUs }: Range): LiveHalves {
  const middleUs = fromUs + Math.floor((toUs - fromUs) / 2);
  return { before: { fromUs, toUs: middleUs }, after: { fromUs: middleUs, toUs } };
}
