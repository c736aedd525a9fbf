// A gap that names trades by their number (missing-trades.ts): the history around it is read until it shows each of them, or has not shown
// it for a day. In: the gap. Out: healed, when all are stored; unrecoverable, with the numbers that never came; otherwise when to check
// again.
import type { TradeStream } from '@fxtape/questdb';
import { z } from 'zod';
import { syncDeals } from '../sync/sync-deals.ts';
import { syncPositions } from '../sync/sync-positions.ts';
import { whole } from './heal-by-bars.ts';
import { type HealContext, type HealStep, pauseMs } from './heal-context.ts';
import type { OpenGap } from './open-gap.ts';

const AROUND_US = 60_000_000;
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
  const sync = stream === 'deals' ? syncDeals : syncPositions;
  return (await sync(whole(h), { range, claims: false })).rows;
}
