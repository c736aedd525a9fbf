// A gap of one symbol's ticks where past ticks are not available, or cannot be compared with live rows: judged by the broker's M1 bars.
//
//   no bar after the gap ─► the terminal is behind, or the market is shut: later; never "empty", however long it takes. Where sessions say that
//                           it is shut, not before it opens or an hour has passed
//   two equal answers a minute apart ─ bars on both sides, none over the gap ─► verified_empty
//                                    ─ every minute's tick count is reached by stored rows ─► verified_empty
//                                    ─ else ─► unrecoverable, with the ticks that the broker counted and nobody has
//
// The bars themselves are stored in `bars` on the way: each answer is read with all checks for cut and unloaded history.
import { createHash } from 'node:crypto';
import {
  closedUntil,
  DAY_US,
  emptyProof,
  MINUTE_US,
  missingEstimate,
  type Range,
  subtract,
} from '@fxtape/market';
import { z } from 'zod';
import { sessionCalendar } from '../fetch/sessions.ts';
import { syncBars } from '../sync/sync-bars.ts';
import type { GapEnd } from './gap-events.ts';
import { countedMissing, type SymbolGap } from './open-gap.ts';
import { type HealContext, type HealStep, minutesOf, pauseMs } from './heal-context.ts';

/** How far around the gap bars are searched for; if there are none, over a long weekend. */
const NEAR_US = 30 * MINUTE_US;
const FAR_US = 4 * DAY_US;
/** While the market is known to be shut, bars are asked for this often. */
const LONGEST_REST_US = 60 * MINUTE_US;

const saved = z.object({
  step: z.literal('bars'),
  why: z.string(),
  far: z.boolean(),
  digest: z.string().nullable(),
  atMs: z.number(),
});
type Progress = z.infer<typeof saved>;

interface Bar extends Range {
  readonly tickVolume: number;
}

/** `why`: why past ticks were not enough, kept as evidence. */
export async function healByBars(
  h: HealContext,
  gap: SymbolGap,
  why: string,
  earlier: unknown,
): Promise<HealStep> {
  const { clock } = h.parts;
  const { timing } = h.heal;
  const known = saved.safeParse(earlier);
  const progress: Progress = known.success
    ? known.data
    : { step: 'bars', why, far: false, digest: null, atMs: clock.nowMs() };
  const nowUs = await h.account.nowUs(h.signal);
  const waitedMs = Math.max(0, (nowUs - gap.toUs) / 1000);
  const reachUs = progress.far ? FAR_US : NEAR_US;
  const { bars, loaded } = await barsAround(h, gap, reachUs);
  const before = bars.some((bar) => bar.toUs <= gap.fromUs);
  const after = loaded && bars.some((bar) => bar.fromUs >= gap.toUs);
  if (!(before && after) && !progress.far) return healByBars(h, gap, why, { ...progress, far: true });
  if (!after) {
    if (waitedMs >= timing.sidesMs) return { end: unknown(gap, progress.why), written: 0 };
    const next = { ...progress, far: false, digest: null };
    const shutMs = await shutForMs(h, gap, nowUs);
    if (shutMs > 0) return { againMs: shutMs, progress: next, why: 'the market is shut' };
    return { againMs: pauseMs(timing, waitedMs), progress: next, why: 'no bar after it yet' };
  }
  const digest = digestOf(bars, gap);
  const apartMs = clock.nowMs() - progress.atMs;
  if (digest !== progress.digest || apartMs < timing.proveMs) {
    const first = digest === progress.digest ? progress.atMs : clock.nowMs();
    const next = { ...progress, digest, atMs: first };
    const againMs = Math.max(timing.shortestMs, first + timing.proveMs - clock.nowMs());
    return { againMs, progress: next, why: 'one answer is no proof' };
  }
  return { end: await verdict(h, gap, { bars, apartMs, why: progress.why }), written: 0 };
}

async function verdict(
  h: HealContext,
  gap: SymbolGap,
  { apartMs, bars, why }: { bars: readonly Bar[]; apartMs: number; why: string },
): Promise<GapEnd> {
  const { feed, symbol } = gap;
  const minutes = minutesOf(gap);
  const storedByMinute = await h.parts.reader.tickCounts({ feed, symbol }, minutes, MINUTE_US, {
    signal: h.signal,
  });
  const over = bars.filter((bar) => bar.fromUs < gap.toUs && bar.toUs > gap.fromUs);
  const stored = (bar: Bar): number => storedByMinute.get(bar.fromUs) ?? 0;
  const facts = { ticks: why, bars: over.length };
  const base = { proved: gap, rowsHealed: 0 };
  // Ticks are stored in a minute for which the broker has no bar, so its bars prove nothing.
  const contradicted = [...storedByMinute.keys()].some((minute) =>
    over.every((bar) => bar.fromUs !== minute),
  );
  const session = (await sessionCalendar(h, gap)).word(gap);
  const proof = emptyProof({ gap, first: bars, second: bars, apartMs, session });
  if (proof.proved && !contradicted) {
    const evidence = { reason: 'no_bars', detail: proof.why, session: proof.session, ...facts };
    return { ...base, state: 'verified_empty', missingEstimate: 0, evidence };
  }
  const estimate = missingEstimate({ gap, bars, storedByMinute });
  if (over.length > 0 && !contradicted && over.every((bar) => stored(bar) >= bar.tickVolume)) {
    const evidence = { reason: 'count_reached', ...facts };
    return { ...base, state: 'verified_empty', missingEstimate: 0, evidence };
  }
  const evidence = {
    reason: contradicted && over.length === 0 ? 'bars_contradict' : 'no_past_ticks',
    ...facts,
  };
  // The bars count whole minutes. What the recorder counted itself is exact, and no minute's loss can raise it.
  const missing = countedMissing(gap) ?? estimate;
  return { ...base, state: 'unrecoverable', missingEstimate: missing, evidence };
}

/** How long not to ask, because no bar can come: until the market opens. Sessions may be wrong, so it checks every hour anyway. */
async function shutForMs(h: HealContext, gap: SymbolGap, nowUs: number): Promise<number> {
  // On a gateway that replays an old day, an hour may pass faster.
  if (h.account.config.clock.replayed) return 0;
  const opensUs = (await sessionCalendar(h, gap)).shutUntil(nowUs, LONGEST_REST_US);
  if (opensUs === null) return 0;
  // One more minute, for the first bar to end.
  return Math.min(LONGEST_REST_US, opensUs - nowUs + MINUTE_US) / 1000;
}

/**
 * Asks the broker for the M1 bars around the gap, and returns what the table then contains. `loaded`: the answer proved that no minute of
 * the gap is left out.
 */
async function barsAround(
  h: HealContext,
  gap: SymbolGap,
  reachUs: number,
): Promise<{ bars: readonly Bar[]; loaded: boolean }> {
  const { feed, symbol } = gap;
  const { fromUs, toUs } = minutesOf(gap);
  const closedUs = closedUntil('M1', await h.account.brokerNowMs(h.signal), h.account.rule);
  const range = { fromUs: Math.max(0, fromUs - reachUs), toUs: Math.min(closedUs, toUs + reachUs) };
  if (range.fromUs >= range.toUs) return { bars: [], loaded: false };
  const { covered } = await syncBars(whole(h), { symbol, timeframe: 'M1', range });
  const volumes = await h.parts.reader.barVolumes({ feed, symbol }, range, { signal: h.signal });
  return {
    bars: volumes.map((bar) => ({ ...bar, toUs: bar.fromUs + MINUTE_US })),
    loaded: subtract([minutesOf(gap)], covered).length === 0,
  };
}

/** Read from its beginning: what healing keeps between runs is not a cursor. */
export const whole = (h: HealContext): HealContext => ({
  ...h,
  resume: null,
  onApplied: () => Promise.resolve(),
});

/** What was answered for the gap's minutes and the bars next to it. */
function digestOf(bars: readonly Bar[], gap: Range): string {
  const hash = createHash('sha256');
  const before = bars.findLast((bar) => bar.toUs <= gap.fromUs);
  const after = bars.find((bar) => bar.fromUs >= gap.toUs);
  const over = bars.filter((bar) => bar.fromUs < gap.toUs && bar.toUs > gap.fromUs);
  for (const bar of [before, ...over, after]) hash.update(`${bar?.fromUs} ${bar?.tickVolume}\n`);
  return hash.digest('base64url');
}

/** The terminal never had a bar after the gap: nothing is known, not even how much is missing. */
const unknown = (gap: SymbolGap, why: string): GapEnd => ({
  state: 'unrecoverable',
  proved: gap,
  rowsHealed: 0,
  missingEstimate: null,
  evidence: { reason: 'history_not_ready', ticks: why },
});
