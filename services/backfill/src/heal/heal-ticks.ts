// A gap of one symbol's ticks, from an account whose bridge serves past ticks. One step:
//
//   live rows on both sides? ─no─► later, or what the bars show
//   two equal answers? ─no─► later                             (a terminal that is loading answers too little)
//   equal to the live rows on both sides? ─no─► unrecoverable: history_disagrees, and no row is written
//   silent where the broker's bars count ticks? ─yes─► later, as long as it may still be loading
//   ticks inside the gap that the table lacks ─► written, applied ─► coverage ─► healed
//
// Any process may repeat a step: missing ticks are looked up in the tables again, and the keys of added rows do not depend on the process
// (heal-intent.ts).
import { agreement, missingTicks, type Range, subtract, type TableRow } from '@fxtape/market';
import { z } from 'zod';
import { claim } from '../store/claim.ts';
import { fieldRows } from '../store/rejected-rows.ts';
import { ticksDigest } from './answer-minutes.ts';
import type { GapEnd } from './gap-events.ts';
import { announceHealing } from './heal-intent.ts';
import { type HealContext, type HealStep, pauseMs, ticksOf } from './heal-context.ts';
import { silentMinutes } from './minute-volumes.ts';
import type { SymbolGap } from './open-gap.ts';
import type { TickAnswer } from './tick-answers.ts';
import { comparisonWindows } from './comparison-windows.ts';

type Tick = TableRow<'ticks'>;

const range = z.object({ fromUs: z.int(), toUs: z.int() });
const saved = z.object({
  step: z.literal('ticks'),
  before: range,
  after: range,
  said: z.string().nullable(),
  asks: z.int(),
  sinceMs: z.number(),
});
type Progress = z.infer<typeof saved>;

/** Null: history cannot be compared with live rows, for this reason; the bars have to decide. */
export async function healTicks(
  h: HealContext,
  gap: SymbolGap,
  datesOnly: boolean,
  earlier: unknown,
): Promise<HealStep | { readonly insteadBars: string }> {
  const known = saved.safeParse(earlier);
  const nowUs = await h.account.nowUs(h.signal);
  let progress: Progress;
  if (known.success) progress = known.data;
  else {
    const sides = await comparisonWindows(h, gap, nowUs);
    if ('lacking' in sides) return { insteadBars: `no_live_rows_${sides.lacking}` };
    if ('againMs' in sides) return { ...sides, progress: null };
    progress = { step: 'ticks', ...sides, said: null, asks: 0, sinceMs: nowUs / 1000 };
  }
  const { before, after } = progress;
  const asked = await h.heal.answers.ask(h, {
    symbol: gap.symbol,
    ranges: [before, gap, after],
    datesOnly,
    said: progress.said,
  });
  const { timing } = h.heal;
  const waitedMs = nowUs / 1000 - progress.sinceMs;
  if (!asked.agreed) {
    if (waitedMs > timing.loadMs) return { insteadBars: 'history_never_settles' };
    const againMs = progress.asks === 0 ? timing.agreeMs : pauseMs(timing, waitedMs);
    const next = { ...progress, said: asked.said, asks: progress.asks + 1 };
    return { againMs, progress: next, why: 'one answer is no proof' };
  }
  const { answer } = asked;
  const { step: verdict, proved } = await judge(h, gap, { before, after }, answer);
  if (verdict !== null && 'short' in verdict) {
    if (waitedMs <= timing.loadMs) {
      const next = { ...progress, said: null };
      return {
        againMs: pauseMs(timing, waitedMs),
        progress: next,
        why: 'the terminal has not loaded it all',
      };
    }
    return { end: disagrees(gap, answer, 'history_lacks', verdict.short), written: 0 };
  }
  if (verdict !== null) return { end: verdict, written: 0 };
  return add(h, gap, proved, answer, { before, after, dates_only: datesOnly });
}

/** Whether history matches the live rows. `proved`: the part of the gap for which that holds. */
async function judge(
  h: HealContext,
  gap: SymbolGap,
  sides: { readonly before: Range; readonly after: Range },
  answer: TickAnswer,
): Promise<{ step: GapEnd | { readonly short: string } | null; proved: Range }> {
  const [rejected] = answer.rejected;
  if (rejected !== undefined) {
    const raw = JSON.stringify(rejected.raw)?.slice(0, 200);
    const evidence = {
      reason: 'history_unreadable',
      rows: answer.rejected.length,
      detail: rejected.reason,
      raw,
    };
    return { step: unrecoverable(gap, evidence, null), proved: gap };
  }
  const [proved] = subtract([gap], answer.ambiguous);
  if (proved === undefined)
    return { step: unrecoverable(gap, { reason: 'ambiguous_hour' }, null), proved: gap };
  const key = { feed: gap.feed, symbol: gap.symbol };
  const stored = async (of: Range): Promise<Tick[]> => h.parts.reader.ticks(key, of, { signal: h.signal });
  const before = nearestClear(sides.before, answer.ambiguous, 'before');
  const after = nearestClear(sides.after, answer.ambiguous, 'after');
  const live = [...(await stored(before)), ...(await stored(after))];
  const verdict = agreement({ live, history: answer.rows, before, after });
  if (!verdict.agrees) {
    if (verdict.why === 'history_lacks' && isShort(answer.rows, live))
      return { step: { short: 'it ends before the live rows do' }, proved };
    return { step: disagrees(gap, answer, verdict.why, verdict.detail), proved };
  }
  // The gap contains a live row that history does not know: it is not the same series after all.
  const inside = (await stored(proved)).filter(({ source }) => source === 'live');
  const surplus = missingTicks({ stored: answer.rows, history: inside, gap: proved });
  if (surplus.length > 0) {
    const detail = `it lacks ${surplus.length} live ticks inside the gap`;
    return { step: disagrees(gap, answer, 'history_lacks', detail), proved };
  }
  const silent = await silentMinutes(h, gap, proved, answer.rows);
  if (silent.length === 0) return { step: null, proved };
  return { step: { short: 'it has no tick in minutes in which the broker counted some' }, proved };
}

/** Ends before, or begins after, the live rows that it should contain, like a terminal that has not loaded everything. */
function isShort(history: readonly Tick[], live: readonly Tick[]): boolean {
  const [first, last] = [history[0], history.at(-1)];
  const [firstLive, lastLive] = [live[0], live.at(-1)];
  if (first === undefined || last === undefined) return true;
  return (
    (firstLive !== undefined && first.ts > firstLive.ts) || (lastLive !== undefined && last.ts < lastLive.ts)
  );
}

function nearestClear(side: Range, ambiguous: readonly Range[], where: 'before' | 'after'): Range {
  const clear = subtract([side], ambiguous);
  return (where === 'before' ? clear.at(-1) : clear[0]) ?? side;
}

async function add(
  h: HealContext,
  gap: SymbolGap,
  proved: Range,
  answer: TickAnswer,
  facts: object,
): Promise<HealStep> {
  const inGap = answer.rows.filter(({ ts }) => ts >= proved.fromUs && ts < proved.toUs);
  const digest = ticksDigest(inGap);
  const intent = await announceHealing(h, gap, { digest, answeredUs: answer.answeredUs });
  if (intent.baseUs === null)
    return { againMs: intent.againMs, progress: null, why: 'another worker is healing this gap' };
  const { baseUs } = intent;
  const history = inGap.map((tick, i) => ({ ...tick, ts_recv: baseUs + i }));
  const { feed, symbol } = gap;
  const key = { account: gap.account, feed, symbol, stream: 'ticks', timeframe: null };
  return h.alone(ticksOf({ feed, symbol }), async (signal) => {
    const stored = await h.parts.reader.ticks({ feed, symbol }, proved, { signal });
    const missing = missingTicks({ stored, history, gap: proved });
    const times = new Set(missing.map(({ ts }) => ts));
    const fields = fieldRows(h, answer.incomplete, ({ ts }) => times.has(ts));
    const { condemned } = await h.parts.writer.write({ ...fields, ticks: missing }, { signal });
    const [refused] = condemned;
    if (refused !== undefined) {
      const evidence = { reason: 'row_condemned', rows: condemned.length, detail: refused.reason };
      return { end: unrecoverable(gap, evidence, condemned.length), written: missing.length };
    }
    h.parts.numbers.stored('ticks', missing.length);
    const added = missing.length + stored.filter(({ source }) => source === 'history').length;
    await claim(h, key, [proved], history.length);
    const empty = history.length === 0 && stored.length === 0;
    const end: GapEnd = {
      state: empty ? 'verified_empty' : 'healed',
      proved,
      rowsHealed: added,
      missingEstimate: null,
      evidence: { reason: empty ? 'history_has_none' : 'history_agrees', ...facts, history: history.length },
    };
    return { end, written: missing.length };
  });
}

const unrecoverable = (
  gap: SymbolGap,
  evidence: GapEnd['evidence'],
  missingEstimate: number | null,
): GapEnd => ({ state: 'unrecoverable', proved: gap, rowsHealed: 0, missingEstimate, evidence });

/** What history has inside the gap is at least an estimate, even if it is not believed. */
function disagrees(gap: SymbolGap, answer: TickAnswer, why: string, detail: string): GapEnd {
  const inside = answer.rows.filter(({ ts }) => ts >= gap.fromUs && ts < gap.toUs);
  return unrecoverable(gap, { reason: 'history_disagrees', why, detail }, inside.length);
}
