// Who writes into a gap. Two jobs may be at the same gap at once: a worker that was thought dead, or two plans that grouped gaps
// differently. Both would find the same ticks missing, and rows told apart by the time of their answer would stand there twice. So the
// intent is an event of the gap itself, written and applied before the first row, and looked for again after that:
//
//   look ─► write the intent ─► applied ─► look again ─► rows
//
//   same history, same base for `ts_recv`  → the same keys: writing twice is writing once, whoever does it
//   another intent that is not old          → its writer may be at work: come again when it cannot be any more
//
// Of two intents the one that became visible later sees the other one in its second look, so never do two go on with different keys.
// In: the gap, the digest of the history that is to be added, the time of its answer. Out: the base for `ts_recv`, or "come again".
import { z } from 'zod';
import { evidenceText, gapEvent } from './gap-events.ts';
import type { HealContext } from './heal-context.ts';
import type { OpenGap } from './open-gap.ts';

/** Longer than a job may run, its grace and what clocks of several machines differ by included. */
const AT_WORK_US = 420_000_000;

const intent = z.object({ reason: z.literal('healing'), digest: z.string(), ts_recv: z.int() });

interface Intent {
  readonly ts: number;
  readonly digest: string;
  readonly baseUs: number;
}

export type HealClaim = { readonly baseUs: number } | { readonly baseUs: null; readonly againMs: number };

export async function claimHealing(
  h: HealContext,
  gap: OpenGap,
  history: { readonly digest: string; readonly answeredUs: number },
): Promise<HealClaim> {
  const { digest } = history;
  const known = await intents(h, gap);
  const baseUs = known.find((one) => one.digest === digest)?.baseUs ?? history.answeredUs;
  const mine = { digest, baseUs };
  const early = othersAtWorkMs(known, mine, h.parts.clock.nowUs());
  if (early !== null) return { baseUs: null, againMs: early };
  const ts = h.parts.stamps.next('gap_events', Math.max(gap.updatedUs, known.at(-1)?.ts ?? 0));
  const facts = { reason: 'healing', digest, ts_recv: baseUs };
  const row = gapEvent(gap, ts, { evidence: evidenceText(facts, gap.evidence) });
  await h.parts.writer.write({ gap_events: [row] }, { signal: h.signal });
  const late = othersAtWorkMs(await intents(h, gap), mine, h.parts.clock.nowUs());
  return late === null ? { baseUs } : { baseUs: null, againMs: late };
}

/** How long until nobody who means other keys can be at work any more; null: nobody can. */
function othersAtWorkMs(
  known: readonly Intent[],
  mine: Pick<Intent, 'digest' | 'baseUs'>,
  nowUs: number,
): number | null {
  const others = known.filter(
    (one) => (one.digest !== mine.digest || one.baseUs !== mine.baseUs) && one.ts > nowUs - AT_WORK_US,
  );
  const newest = others.at(-1);
  return newest === undefined ? null : (newest.ts + AT_WORK_US - nowUs) / 1000;
}

/** Intents by time. */
async function intents(h: HealContext, gap: OpenGap): Promise<Intent[]> {
  const events = await h.parts.reader.gapEvents(gap.id, { writer: 'backfill', signal: h.signal });
  return events.flatMap(({ ts, state, evidence }) => {
    if (state !== 'open' || typeof evidence !== 'string') return [];
    const parsed = intent.safeParse(readJson(evidence));
    return parsed.success ? [{ ts, digest: parsed.data.digest, baseUs: parsed.data.ts_recv }] : [];
  });
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Evidence in words is no intent.
    return null;
  }
}
