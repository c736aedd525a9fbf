// Announces who adds ticks to a gap. Two jobs may work on one gap: a worker that was thought dead, or two plans that grouped gaps differently. Both
// would find the same ticks missing, and rows keyed by the time of their answer would be stored twice. So an event of the gap announces the intent,
// applied before the first row:
//
//   same history, at any time and by any process  → the same base for `ts_recv`, hence the same keys: writing twice is harmless
//   another history, announced recently           → its writer may still be at work: come again when that is impossible
//
// In: the gap, the digest of the history to add, the time of its answer. Out: the base for `ts_recv`, or when to come again.
import { z } from 'zod';
import { evidenceText, gapEvent } from './gap-events.ts';
import type { HealContext } from './heal-context.ts';
import type { OpenGap } from './open-gap.ts';

/** Longer than a job may run, including its grace period. */
const AT_WORK_US = 360_000_000;

const intent = z.object({ reason: z.literal('healing'), digest: z.string(), ts_recv: z.int() });

interface Intent {
  readonly ts: number;
  readonly digest: string;
  readonly baseUs: number;
}

export type HealIntent = { readonly baseUs: number } | { readonly baseUs: null; readonly againMs: number };

export async function announceHealing(
  h: HealContext,
  gap: OpenGap,
  history: { readonly digest: string; readonly answeredUs: number },
): Promise<HealIntent> {
  const before = await intents(h, gap);
  const known = verdict(before, history.digest, h.parts.clock.nowUs());
  if (known !== null) return 'againMs' in known ? { baseUs: null, ...known } : known;
  const ts = h.parts.stamps.next('gap_events', Math.max(gap.updatedUs, before.at(-1)?.ts ?? 0));
  const facts = { reason: 'healing', digest: history.digest, ts_recv: history.answeredUs };
  const row = gapEvent(gap, ts, { evidence: evidenceText(facts, gap.evidence) });
  await h.parts.writer.write({ gap_events: [row] }, { signal: h.signal });
  const older = (await intents(h, gap)).filter((one) => one.ts <= ts);
  const other = verdict(older, history.digest, h.parts.clock.nowUs());
  if (other !== null && 'againMs' in other) return { baseUs: null, ...other };
  return { baseUs: other?.baseUs ?? history.answeredUs };
}

/** Null: nobody wrote this history, and nobody with another one can still be at work. */
function verdict(
  older: readonly Intent[],
  digest: string,
  nowUs: number,
): { baseUs: number } | { againMs: number } | null {
  const [same] = older.filter((one) => one.digest === digest);
  const others = older.filter((one) => one.digest !== digest && one.ts > nowUs - AT_WORK_US);
  const newest = others.at(-1);
  if (newest !== undefined) return { againMs: (newest.ts + AT_WORK_US - nowUs) / 1000 };
  return same === undefined ? null : { baseUs: same.baseUs };
}

/** Intents in time order. */
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
    // Evidence in words is not an intent.
    return null;
  }
}
