// Heals a gap of streamed deals, or one that reading history opened for deals or closed positions. In: the gap. Out: its final state, or when to
// continue. The account's history is read until two answers agree. Streamed figures (open positions, balance) have no history; the round trips that
// closed in such a gap are read before it is given up.
import { createHash } from 'node:crypto';
import { MINUTE_US, subtract } from '@fxtape/market';
import type { TradeStream } from '@fxtape/questdb';
import { z } from 'zod';
import { syncTrades } from '../sync/sync-trades.ts';
import type { GapEnd } from './gap-events.ts';
import { whole } from './heal-by-bars.ts';
import { type HealContext, type HealStep, pauseMs } from './heal-context.ts';
import type { OpenGap } from './open-gap.ts';

const saved = z.object({ step: z.literal('trades'), ids: z.string(), atMs: z.number() });

/** The ids of gaps that reading history opened contain their stream. */
export const isOfHistory = ({ id }: OpenGap): boolean => id.includes('|');

export async function healTrades(h: HealContext, gap: OpenGap, earlier: unknown): Promise<HealStep> {
  const { clock, trades } = h.parts;
  const { timing } = h.heal;
  const range = { fromUs: gap.fromUs, toUs: gap.toUs };
  const stream = gap.stream as TradeStream;
  const { covered, rows } = await syncTrades(whole(h), stream, { range });
  if (subtract([range], covered).length > 0) {
    const waitedMs = Math.max(0, ((await h.account.nowUs(h.signal)) - gap.toUs) / 1000);
    if (waitedMs >= timing.loadMs)
      return { end: end(gap, 'unrecoverable', null, { reason: 'history_not_ready' }), written: rows };
    return {
      againMs: pauseMs(timing, waitedMs),
      progress: null,
      why: 'too new to be in the history for certain',
    };
  }
  const found = await trades.between(stream, gap.account, range, { signal: h.signal });
  const ids = createHash('sha256')
    .update(found.map(({ id }) => id).join(' '))
    .digest('base64url');
  const known = saved.safeParse(earlier);
  if (!known.success || known.data.ids !== ids || clock.nowMs() - known.data.atMs < timing.proveMs) {
    const same = known.success && known.data.ids === ids;
    const next = { step: 'trades', ids, atMs: same ? known.data.atMs : clock.nowMs() };
    // The second reading is for deals that arrive late in history.
    return { againMs: timing.proveMs, progress: next, why: 'one answer is no proof' };
  }
  const state = found.length === 0 ? 'verified_empty' : 'healed';
  return {
    end: end(gap, state, found.length, { reason: 'history_read', [stream]: found.length }),
    written: rows,
  };
}

/** Open positions and balances as streamed. */
export async function giveUpFigures(h: HealContext, gap: OpenGap): Promise<HealStep> {
  const { rows } = await syncTrades(whole(h), 'positions', { range: { fromUs: gap.fromUs, toUs: gap.toUs } });
  return {
    end: end(gap, 'unrecoverable', null, { reason: 'no_history', closed_positions: rows }),
    written: rows,
  };
}

const end = (
  gap: OpenGap,
  state: GapEnd['state'],
  rowsHealed: number | null,
  evidence: GapEnd['evidence'],
): GapEnd => ({
  state,
  proved: { fromUs: gap.fromUs, toUs: gap.toUs },
  rowsHealed,
  missingEstimate: null,
  evidence,
});

const AROUND_US = MINUTE_US;
/** Positions whose opening is asked for as well: a gateway may select a closed order by its opening time. */
const MOST_OPENINGS = 20;

const named = z.object({
  reason: z.literal('not_in_history'),
  numbers: z.array(z.string().regex(/^\d+$/)).min(1),
  since_us: z.int(),
});

/** The trades that the gap names; null: it is another kind of gap. */
export function numbersOf({ evidence }: OpenGap): z.output<typeof named> | null {
  if (evidence === null) return null;
  try {
    const facts = JSON.parse(evidence) as { opened?: unknown } | null;
    return named.safeParse(facts?.opened ?? facts).data ?? null;
  } catch {
    // Evidence in words names no trade.
    return null;
  }
}

/**
 * A gap that names trades by number (sync/missing-trades.ts): the history around it is read until it shows each of them, or for a day. Healed
 * when all are stored; otherwise unrecoverable, with the numbers that never came.
 */
export async function healNumbers(
  h: HealContext,
  gap: OpenGap,
  of: z.output<typeof named>,
): Promise<HealStep> {
  const { clock, trades } = h.parts;
  const { timing } = h.heal;
  const stream = gap.stream as TradeStream;
  const options = { signal: h.signal };
  const missing = () => trades.notStored(stream, gap.account, of.numbers, options);
  let written = await read(h, stream, gap.fromUs, gap.toUs);
  let left = await missing();
  for (const id of left.slice(0, MOST_OPENINGS)) {
    const openedUs = await trades.opened(gap.account, id, options);
    if (openedUs !== null && openedUs < gap.fromUs - AROUND_US)
      written += await read(h, stream, openedUs, openedUs + 1);
  }
  if (written > 0) left = await missing();
  const waitedMs = clock.nowMs() - of.since_us / 1000;
  if (left.length > 0 && waitedMs < timing.loadMs)
    return {
      againMs: pauseMs(timing, waitedMs),
      progress: null,
      why: `${left.length} trades are not there yet`,
    };
  const found = of.numbers.length - left.length;
  const facts = { proved: gap, rowsHealed: found };
  if (left.length === 0) {
    const evidence = { reason: 'history_read', numbers: found };
    return { end: { ...facts, state: 'healed', missingEstimate: 0, evidence }, written };
  }
  const evidence = { reason: 'history_denies', numbers: left };
  return { end: { ...facts, state: 'unrecoverable', missingEstimate: left.length, evidence }, written };
}

async function read(h: HealContext, stream: TradeStream, fromUs: number, toUs: number): Promise<number> {
  const range = { fromUs: Math.max(0, fromUs - AROUND_US), toUs: toUs + AROUND_US };
  return (await syncTrades(whole(h), stream, { range, claims: false })).rows;
}
