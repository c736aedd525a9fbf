// Which handler runs which healing job.
import type { JobHandlers, JobOutcome, RunningJob } from '@fxtape/jobs';
import { asJob } from '../sync/as-job.ts';
import type { BackfillParts } from '../context/parts.ts';
import type { SyncContext } from '../context/sync-context.ts';
import { dailyQuality } from './daily-quality.ts';
import { HEAL_TIMING, type HealContext, type HealParts, type HealTiming } from './heal-context.ts';
import { healJob, healTogether } from './heal-job.ts';
import { QuoteTicksAccess } from './quote-ticks-access.ts';
import { TickAnswers } from './tick-answers.ts';
import { tickHistory } from './tick-history.ts';

export function healHandlers(
  parts: BackfillParts,
  timing: HealTiming = HEAL_TIMING,
): Pick<JobHandlers, 'heal' | 'ticks' | 'daily_quality'> {
  const heal: HealParts = {
    access: new QuoteTicksAccess(parts.clock),
    answers: new TickAnswers(parts.clock),
    timing,
  };
  const proven = new Set<string>();
  const healing = (c: SyncContext): HealContext => ({ ...c, heal });
  return {
    heal: asJob(parts, {
      refusal: () => null,
      run: (c, { payload }, checkpoint) => healJob(healing(c), payload, checkpoint),
    }),
    ticks: asJob(parts, {
      refusal: () => null,
      run: (c, { payload }, checkpoint): Promise<JobOutcome> =>
        payload.gapIds.length > 0
          ? healTogether(healing(c), payload, checkpoint)
          : tickHistory(healing(c), payload, checkpoint, proven),
    }),
    daily_quality: asJob(parts, {
      refusal: () => null,
      run: (c, { payload }: RunningJob<Parameters<typeof dailyQuality>[1]>) =>
        dailyQuality(healing(c), payload),
    }),
  };
}
