// `heal` jobs, and the `ticks` jobs that serve several gaps with one download. In: gaps. Out: their final states. All rows that a state is based on are
// applied before the state is written.
import type { Checkpoint, JobOutcome } from '@fxtape/jobs';
import type { Range } from '@fxtape/market';
import { CORRECTED_MS, isOfAnotherClock } from './another-clock.ts';
import { endEvents } from './gap-events.ts';
import type { HealContext, HealStep } from './heal-context.ts';
import { healGap } from './heal-gap.ts';
import { openGap, type OpenGap } from './open-gap.ts';

/** One gap. */
export async function healJob(
  h: HealContext,
  of: Range & { readonly gapId: string },
  checkpoint: Checkpoint,
): Promise<JobOutcome> {
  const step = await healOne(h, of, of.gapId, checkpoint.value);
  if ('againMs' in step) {
    await checkpoint.save(step.progress);
    return { againAfterMs: step.againMs };
  }
  return { rows: step.rows, requests: h.requests(), note: step.note };
}

/** Gaps of one symbol that lie close together. */
export async function healTogether(
  h: HealContext,
  of: Range & { readonly gapIds: readonly string[] },
  checkpoint: Checkpoint,
): Promise<JobOutcome> {
  const known = (checkpoint.value ?? {}) as { readonly gaps?: Readonly<Record<string, unknown>> };
  const gaps: Record<string, unknown> = {};
  const note: Record<string, unknown> = {};
  let againMs = Number.POSITIVE_INFINITY;
  let rows = 0;
  for (const gapId of of.gapIds) {
    const step = await healOne(h, of, gapId, known.gaps?.[gapId]);
    if ('againMs' in step) {
      gaps[gapId] = step.progress;
      againMs = Math.min(againMs, step.againMs);
    } else {
      rows += step.rows;
      note[gapId] = step.note;
    }
  }
  if (againMs === Number.POSITIVE_INFINITY) return { rows, requests: h.requests(), note };
  await checkpoint.save({ gaps });
  return { againAfterMs: againMs };
}

type One = { readonly rows: number; readonly note: unknown } | Extract<HealStep, { againMs: number }>;

async function healOne(h: HealContext, of: Range, gapId: string, progress: unknown): Promise<One> {
  const gap = await current(h, of, gapId);
  if (gap === null) return { rows: 0, note: 'nothing to heal' };
  const step: HealStep =
    gap.cause !== 'refused' && (await isOfAnotherClock(h, gap))
      ? {
          againMs: CORRECTED_MS,
          progress,
          why: 'recorded with another clock rule: `fxtape clock apply` corrects it',
        }
      : await healGap(h, gap, progress);
  if ('againMs' in step) {
    h.parts.log.debug({ gap: gap.id, why: step.why, ms: Math.round(step.againMs) }, 'a gap waits');
    return step;
  }
  // Somebody else may have ended it meanwhile; the intent to write is also an event of the gap.
  const now = await current(h, of, gapId);
  if (now === null) return { rows: step.written, note: 'ended elsewhere' };
  const ts = h.parts.stamps.next('gap_events', now.updatedUs);
  await h.parts.writer.write({ gap_events: endEvents(now, step.end, ts) }, { signal: h.signal });
  const { evidence, missingEstimate, rowsHealed, state } = step.end;
  const fields = { gap: gap.id, state, rowsHealed, missingEstimate, reason: evidence.reason };
  // A first start has a hundred of the other kind: the seconds before each stream was subscribed.
  h.parts.log[gap.cause === 'not_subscribed' ? 'debug' : 'info'](fields, 'a gap has reached its final state');
  return { rows: step.written, note: { state, reason: evidence.reason } };
}

async function current(h: HealContext, { fromUs, toUs }: Range, gapId: string): Promise<OpenGap | null> {
  const { account, feed } = h.account;
  const found = await h.parts.gaps.gaps({ account, feed, fromUs, toUs, signal: h.signal });
  return openGap(found.find((gap) => gap.gap_id === gapId));
}
