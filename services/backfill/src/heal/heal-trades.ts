// A gap of streamed deals, or one that reading history opened for deals or closed positions: the account's history of that time is read
// until two answers agree. Streamed figures (open positions, balance) have no history; the round trips that closed in such a gap are read
// before the gap is given up.
import { createHash } from 'node:crypto';
import { subtract } from '@fxtape/market';
import type { TradeStream } from '@fxtape/questdb';
import { z } from 'zod';
import { syncDeals } from '../sync/sync-deals.ts';
import { syncPositions } from '../sync/sync-positions.ts';
import type { GapEnd } from './gap-events.ts';
import { whole } from './heal-by-bars.ts';
import { type HealContext, type HealStep, pauseMs } from './heal-context.ts';
import type { OpenGap } from './open-gap.ts';

const saved = z.object({ step: z.literal('trades'), ids: z.string(), atMs: z.number() });

/** History names its gaps after their stream. */
export const isOfHistory = ({ id }: OpenGap): boolean => id.includes('|');

export async function healTrades(h: HealContext, gap: OpenGap, earlier: unknown): Promise<HealStep> {
  const { clock, trades } = h.parts;
  const { timing } = h.heal;
  const range = { fromUs: gap.fromUs, toUs: gap.toUs };
  const stream = gap.stream as TradeStream;
  const sync = stream === 'deals' ? syncDeals : syncPositions;
  const { covered, rows } = await sync(whole(h), { range });
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
  const { rows } = await syncPositions(whole(h), { range: { fromUs: gap.fromUs, toUs: gap.toUs } });
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
