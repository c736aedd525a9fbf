// Whether what stands in a range was recorded with a clock rule that reads it otherwise than the one in force. In: a range. Out: yes or no,
// or the end of the job for now. Then stored rows and bounds mean other hours than what history is asked for, and whatever is told of them
// is wrong. It waits until `fxtape clock apply` has moved them.
import { parseClockRule, type Range, readAlike } from '@fxtape/market';
import { ComeAgain } from '../come-again.ts';
import type { HealContext } from './heal-context.ts';

/** A correction is typed by hand and takes its time. */
export const CORRECTED_MS = 60_000;

export async function isOfAnotherClock(
  h: HealContext,
  range: Range & { readonly feed?: string | null },
): Promise<boolean> {
  const { account, rule, ruleId } = h.account;
  const { feed = null } = range;
  const whose = feed === null ? { account } : { feed };
  const written = await h.parts.reader.liveRuleAt(whose, range.fromUs, { signal: h.signal });
  return written !== null && written !== ruleId && !readAlike(range, parseClockRule(written), rule);
}

/** @throws ComeAgain. */
export async function requireSameClock(
  h: HealContext,
  range: Range & { readonly feed: string },
): Promise<void> {
  if (await isOfAnotherClock(h, range))
    throw new ComeAgain(CORRECTED_MS, 'recorded with another clock rule: `fxtape clock apply` corrects it');
}
