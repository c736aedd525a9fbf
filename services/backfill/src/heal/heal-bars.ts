// Heals a gap of streamed bars. In: the gap. Out: its final state, or when to continue. The bars that the gap touches are read from the broker's history
// until two answers agree. A bar that has not ended yet is left to the jobs that read every bar.
import type { WireTimeframe } from '@fxtape/fxsocket';
import { createHash } from 'node:crypto';
import { barEndOf, barOpenOf, closedUntil, type Range, subtract, utcMs } from '@fxtape/market';
import { z } from 'zod';
import { syncBars } from '../sync/sync-bars.ts';
import type { GapEnd } from './gap-events.ts';
import { whole } from './heal-by-bars.ts';
import { type HealContext, type HealStep, pauseMs } from './heal-context.ts';
import type { SymbolGap } from './open-gap.ts';

const saved = z.object({ step: z.literal('bars_of_gap'), digest: z.string(), atMs: z.number() });

export async function healBars(
  h: HealContext,
  gap: SymbolGap,
  timeframe: WireTimeframe,
  earlier: unknown,
): Promise<HealStep> {
  const { clock, reader } = h.parts;
  const { timing } = h.heal;
  const wanted = wholeBars(h, gap, timeframe);
  const closedUs = closedUntil(timeframe, await h.account.brokerNowMs(h.signal), h.account.rule);
  const nowUs = await h.account.nowUs(h.signal);
  if (wanted.toUs > closedUs && wanted.toUs - nowUs < timing.fewMs * 1000)
    return {
      againMs: pauseMs(timing, (wanted.toUs - nowUs) / 1000),
      progress: null,
      why: 'its last bar has not ended',
    };
  const range = { fromUs: wanted.fromUs, toUs: Math.min(wanted.toUs, closedUs) };
  if (range.fromUs >= range.toUs)
    return { end: end(gap, 'verified_empty', null, { reason: 'no_bar_ended' }), written: 0 };
  const { covered, outcome, rows } = await syncBars(whole(h), { symbol: gap.symbol, timeframe, range });
  if (outcome === 'before_beginning')
    return { end: end(gap, 'unrecoverable', null, { reason: 'before_beginning' }), written: 0 };
  const waitedMs = Math.max(0, (nowUs - gap.toUs) / 1000);
  const stored = await reader.bars({ feed: gap.feed, symbol: gap.symbol, timeframe }, range, {
    signal: h.signal,
  });
  if (subtract([range], covered).length > 0) {
    if (waitedMs >= timing.loadMs)
      return {
        end: end(gap, 'unrecoverable', stored.length, { reason: 'history_not_ready' }),
        written: rows,
      };
    return { againMs: pauseMs(timing, waitedMs), progress: null, why: 'the terminal has not loaded it all' };
  }
  const known = saved.safeParse(earlier);
  const digest = digestOf(stored);
  if (!known.success || known.data.digest !== digest) {
    const next = { step: 'bars_of_gap', digest, atMs: clock.nowMs() };
    return { againMs: timing.agreeMs, progress: next, why: 'one answer is no proof' };
  }
  if (stored.length === 0 && clock.nowMs() - known.data.atMs < timing.proveMs)
    return { againMs: timing.proveMs, progress: known.data, why: 'emptiness needs a minute' };
  const state = stored.length === 0 ? 'verified_empty' : 'healed';
  const evidence = { reason: 'history_read', range, bars: stored.length };
  return { end: end(gap, state, stored.length, evidence), written: rows };
}

/** From the open of the first bar that the gap touches to the end of the last one. */
function wholeBars(h: HealContext, gap: Range, timeframe: string): Range {
  const { rule } = h.account;
  const open = barOpenOf(timeframe, rule.toBroker(utcMs(gap.fromUs / 1000)));
  const last = barOpenOf(timeframe, rule.toBroker(utcMs((gap.toUs - 1) / 1000)));
  const utcUs = (at: typeof open, nearUs: number): number =>
    rule.read(at, { utcMs: nearUs / 1000 }).ms * 1000;
  const fromUs = Math.min(gap.fromUs, utcUs(open, gap.fromUs));
  return { fromUs, toUs: Math.max(gap.toUs, utcUs(barEndOf(timeframe, last), gap.toUs)) };
}

function digestOf(rows: readonly object[]): string {
  const hash = createHash('sha256');
  for (const row of rows) hash.update(JSON.stringify({ ...row, ts_seen: null }, spelled));
  return hash.digest('base64url');
}

const spelled = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}n` : value);

const end = (
  gap: SymbolGap,
  state: GapEnd['state'],
  rowsHealed: number | null,
  evidence: GapEnd['evidence'],
): GapEnd => ({ state, proved: gap, rowsHealed, missingEstimate: null, evidence });
