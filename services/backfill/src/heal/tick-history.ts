// `ticks` jobs of history: ticks from before recording began. In: a range. Out: rows and coverage. Live coverage and gaps within the range are left
// alone: coverage already has its rows, and gaps are healed. What the gateway does not serve becomes a gap with cause `refused`, as unrecoverable:
//
//   no route ─► recorded once for the account                           does not match the live rows ─► refused
//   missing rows ─► written, applied ─► silent where the broker's bars count ticks? ─► refused there, coverage `history` elsewhere
import type { Checkpoint, JobOutcome, Payload } from '@fxtape/jobs';
import {
  agreement,
  historyGapId,
  HOUR_US,
  intersect,
  missingTicks,
  type Range,
  type Silence,
  silences,
  subtract,
  type TableRow,
  unite,
} from '@fxtape/market';
import { z } from 'zod';
import { limitOf } from '../fetch/limits.ts';
import { claim } from '../store/claim.ts';
import { fieldRows } from '../store/rejected-rows.ts';
import { requireSameClock } from './another-clock.ts';
import { ticksDigest } from './answer-minutes.ts';
import { type HealContext, pauseMs, ticksOf } from './heal-context.ts';
import { minuteVolumes } from './minute-volumes.ts';
import type { TickAnswer } from './tick-answers.ts';
import { type LiveHalves, liveHalves, type TickKey } from './comparison-windows.ts';
import { isRefusal } from './tick-pages.ts';

const range = z.object({ fromUs: z.int(), toUs: z.int() });
const saved = z.object({
  sinceMs: z.number(),
  said: z.string().nullable(),
  /** The live rows that history has to match. Saved under this name. */
  language: z.object({ before: range, after: range }).nullable(),
  write: z.object({ digest: z.string(), baseUs: z.int() }).nullable(),
});
type Progress = z.infer<typeof saved>;

/** Symbols of accounts whose history has matched the live rows, in this process. */
export type Matched = Set<string>;

export async function tickHistory(
  h: HealContext,
  payload: Payload<'ticks'>,
  checkpoint: Checkpoint,
  matched: Matched,
): Promise<JobOutcome> {
  const { account, feed, symbol } = payload;
  const key = { account, feed, symbol };
  await requireSameClock(h, payload);
  const known = saved.safeParse(checkpoint.value);
  const nowMs = h.parts.clock.nowMs();
  const fresh = { sinceMs: nowMs, said: null, language: null, write: null };
  const progress: Progress = known.success ? known.data : fresh;
  const around = await surroundings(h, key, payload);
  const pieces = subtract([{ fromUs: payload.fromUs, toUs: payload.toUs }], around.taken);
  if (pieces.length === 0) return { rows: 0, requests: h.requests(), note: 'nothing but live rows and gaps' };
  const bounds = await h.heal.access.of(h, symbol);
  if (bounds === 'absent') return notSupported(h, { reason: 'no_quote_ticks' });
  await recordTickSupport(h, { offered: true, reason: bounds });
  const again = async (ms: number, next: Progress): Promise<JobOutcome> => {
    await checkpoint.save(next);
    return { againAfterMs: ms };
  };
  const waitedMs = nowMs - progress.sinceMs;
  const name = JSON.stringify(key);
  const halves = progress.language ?? (await liveHalves(h, key, around.later, around.gaps));
  if (!matched.has(name) && halves === null) {
    if (waitedMs >= h.heal.timing.sidesMs) return refuse(h, key, pieces, { reason: 'no_live_rows' });
    return again(pauseMs(h.heal.timing, waitedMs), progress);
  }
  const proof = matched.has(name) || halves === null ? [] : [halves.before, halves.after];
  const datesOnly = bounds === 'dates_only';
  try {
    const asked = await h.heal.answers.ask(h, {
      symbol,
      ranges: [...pieces, ...proof],
      datesOnly,
      said: progress.said,
    });
    if (!asked.agreed) {
      const ms = progress.said === null ? h.heal.timing.agreeMs : pauseMs(h.heal.timing, waitedMs);
      return await again(ms, { ...progress, language: halves, said: asked.said });
    }
    if (proof.length > 0 && halves !== null) {
      const verdict = await disagreement(h, key, halves, asked.answer);
      if (verdict !== null) return await refuse(h, key, pieces, verdict);
      matched.add(name);
    }
    const held = await silencesOf(h, key, pieces, asked.answer.rows);
    if (held.unknown && waitedMs < h.heal.timing.loadMs)
      return await again(pauseMs(h.heal.timing, waitedMs), { ...progress, language: halves, said: null });
    const next = { ...progress, language: halves };
    return await store(h, key, pieces, asked.answer, { progress: next, checkpoint, lacking: held.lacking });
  } catch (error) {
    if (!isRefusal(error)) throw error;
    if (h.heal.access.refused(account)) return again(h.heal.timing.shortestMs, progress);
    return notSupported(h, { reason: 'quote_ticks_refused', detail: (error as Error).message });
  }
}

async function notSupported(
  h: HealContext,
  why: { readonly reason: string; readonly detail?: string },
): Promise<JobOutcome> {
  await recordTickSupport(h, { offered: false, ...why });
  return { rows: 0, requests: h.requests(), note: { not_offered: why.reason } };
}

async function surroundings(h: HealContext, key: TickKey, { fromUs, toUs }: Range) {
  const { account, feed, symbol } = key;
  const of = { ...key, stream: 'ticks', timeframe: null };
  const horizon = { fromUs, toUs: Math.max(toUs, (await h.account.nowUs(h.signal)) + HOUR_US) };
  const live = await h.parts.reader.coverageOf(of, 'live', horizon, { signal: h.signal });
  const known = await h.parts.gaps.gaps({
    account,
    feed,
    symbol,
    stream: 'ticks',
    ...horizon,
    signal: h.signal,
  });
  const gaps = known
    // Gaps that reading history itself opened are the subject of this job.
    .filter(({ cause }) => cause !== 'refused')
    .map((gap) => ({ fromUs: gap.ts_from ?? fromUs, toUs: gap.ts_to ?? horizon.toUs }));
  return { taken: unite([...live, ...gaps]), gaps, later: live.filter((one) => one.toUs > toUs) };
}

/** Why history does not match the live rows; null if it does. */
async function disagreement(
  h: HealContext,
  key: TickKey,
  { after, before }: LiveHalves,
  answer: TickAnswer,
): Promise<Evidence | null> {
  const both = { fromUs: before.fromUs, toUs: after.toUs };
  const live = await h.parts.reader.ticks(key, both, { signal: h.signal });
  const verdict = agreement({ live, history: answer.rows, before, after });
  return verdict.agrees ? null : { reason: 'history_disagrees', why: verdict.why, detail: verdict.detail };
}

async function store(
  h: HealContext,
  key: TickKey,
  pieces: readonly Range[],
  answer: TickAnswer,
  o: {
    readonly progress: Progress;
    readonly checkpoint: Checkpoint;
    /** Where the broker counted ticks and this history has none. */
    readonly lacking: readonly Silence[];
  },
): Promise<JobOutcome> {
  const [rejected] = answer.rejected;
  if (rejected !== undefined)
    return refuse(h, key, pieces, {
      reason: 'history_unreadable',
      rows: answer.rejected.length,
      detail: rejected.reason,
    });
  const inside = answer.rows.filter(({ ts }) => pieces.some(({ fromUs, toUs }) => ts >= fromUs && ts < toUs));
  const digest = ticksDigest(inside);
  // Saved before the first row: a later run gives the same ticks the same keys.
  let { write } = o.progress;
  if (write?.digest !== digest) {
    write = { digest, baseUs: answer.answeredUs };
    await o.checkpoint.save({ ...o.progress, said: null, write });
  }
  const { baseUs } = write;
  const history = inside.map((tick, i) => ({ ...tick, ts_recv: baseUs + i }));
  const read = subtract(pieces, answer.ambiguous);
  const silent = o.lacking.map((silence) => silence.range);
  const covered = subtract(read, silent);
  const written = await h.alone(ticksOf(key), async (signal) => {
    let rows = 0;
    for (const piece of read) {
      const stored = await h.parts.reader.ticks(key, piece, { signal });
      const ticks: TableRow<'ticks'>[] = missingTicks({ stored, history, gap: piece });
      const times = new Set(ticks.map(({ ts }) => ts));
      const fields = fieldRows(h, answer.incomplete, ({ ts }) => times.has(ts));
      await h.parts.writer.write({ ...fields, ticks }, { signal });
      rows += ticks.length;
    }
    await claim(h, { ...key, stream: 'ticks', timeframe: null }, covered, rows);
    return rows;
  });
  h.parts.numbers.stored('ticks', written);
  await settle(h, key, pieces, covered);
  for (const { range: lacking, ticks } of o.lacking)
    await refuse(h, key, [lacking], { reason: 'history_lacks', broker_ticks: ticks });
  await refuse(h, key, intersect(unite(answer.ambiguous), pieces), { reason: 'ambiguous_hour' });
  return { rows: written, requests: h.requests() };
}

/** Where pieces have no tick although the broker's bars count some. `unknown`: the bars are not all there yet, and may show more. */
async function silencesOf(
  h: HealContext,
  key: TickKey,
  pieces: readonly Range[],
  history: readonly TableRow<'ticks'>[],
): Promise<{ lacking: Silence[]; unknown: boolean }> {
  const ticks = history.map(({ ts }) => ts);
  const lacking: Silence[] = [];
  let unknown = false;
  for (const piece of pieces) {
    const bars = await minuteVolumes(h, key, piece);
    unknown ||= bars.unknown.length > 0;
    lacking.push(...silences({ range: piece, ticks, minutes: bars.minutes }));
  }
  return { lacking, unknown };
}

interface Evidence {
  readonly reason: string;
  readonly [fact: string]: unknown;
}

async function refuse(
  h: HealContext,
  key: TickKey,
  ranges: readonly Range[],
  evidence: Evidence,
): Promise<JobOutcome> {
  const stream = { ...key, stream: 'ticks', timeframe: null };
  const events = ranges.map((piece) => {
    const id = historyGapId(stream, piece, 'refused');
    return {
      ts: h.parts.stamps.next('gap_events'),
      gap_id: id,
      writer: 'backfill',
      outage_id: id,
      ...stream,
      event: 'opened',
      ts_from: piece.fromUs,
      ts_to: piece.toUs,
      cause: 'refused',
      state: 'unrecoverable',
      rows_healed: null,
      missing_estimate: typeof evidence['broker_ticks'] === 'number' ? evidence['broker_ticks'] : null,
      evidence: JSON.stringify(evidence),
    };
  });
  if (events.length > 0) await h.parts.writer.write({ gap_events: events }, { signal: h.signal });
  return { rows: 0, requests: h.requests(), note: { refused: evidence.reason } };
}

/** Parts of these pieces that were refused before and are now covered are no longer a gap; the rest is recorded again. */
async function settle(
  h: HealContext,
  key: TickKey,
  pieces: readonly Range[],
  covered: readonly Range[],
): Promise<void> {
  const [first, last] = [pieces[0], pieces.at(-1)];
  if (first === undefined || last === undefined) return;
  const { account, feed, symbol } = key;
  const reach = { fromUs: first.fromUs, toUs: last.toUs };
  const known = await h.parts.gaps.gaps({
    account,
    feed,
    symbol,
    stream: 'ticks',
    ...reach,
    signal: h.signal,
  });
  const events = known
    .filter((gap) => gap.cause === 'refused' && gap.state === 'unrecoverable')
    .flatMap(({ ts_updated: updated, ...gap }) => {
      const range = { fromUs: gap.ts_from ?? 0, toUs: gap.ts_to ?? 0 };
      const there = intersect([range], covered);
      const [begin, end] = [there[0], there.at(-1)];
      if (begin === undefined || end === undefined || subtract([range], pieces).length > 0) return [];
      return {
        ...gap,
        ts: h.parts.stamps.next('gap_events', updated),
        writer: 'backfill',
        event: 'state',
        ts_from: begin.fromUs,
        ts_to: end.toUs,
        state: 'healed',
        evidence: JSON.stringify({ covered_by: 'history' }),
      };
    });
  if (events.length > 0) await h.parts.writer.write({ gap_events: events }, { signal: h.signal });
}

const NOT_OFFERED = '"offered":false';

/**
 * Records once per account that its bridge serves no past ticks: a row of `history_limits` for all symbols, without a beginning. Planning then
 * checks once a day whether that still holds. Writes a row only if the newest one says otherwise.
 */
async function recordTickSupport(
  h: HealContext,
  support: { readonly offered: boolean; readonly reason: string; readonly detail?: string },
): Promise<void> {
  const { account, feed } = h.account;
  const { stamps, writer } = h.parts;
  const key = { account, feed, symbol: null, stream: 'ticks', timeframe: null };
  const known = await limitOf(h, key);
  const wasOffered = !(known?.evidence ?? '').includes(NOT_OFFERED);
  if (wasOffered === support.offered) return;
  const ts = stamps.next('history_limits', known?.ts ?? 0);
  const row = { ts, ...key, ts_earliest: null, evidence: JSON.stringify(support) };
  await writer.write({ history_limits: [row] }, { signal: h.signal });
}
