// Whether a range was recorded with a clock rule that reads it differently from the rule in force. In: a range. Out: yes or no, or the end
// of the job for now. If it was, stored rows and bounds mean other hours than those for which history would be asked, so any verdict on
// them would be wrong. The gap waits until `fxtape clock apply` has moved the rows.
import { MINUTE_MS, parseClockRule, type Range, readAlike } from '@fxtape/market';
import { ComeAgain } from '../fetch/history-errors.ts';
import type { HealContext } from './heal-context.ts';

/** A person starts the correction, and it takes its time. */
export const CORRECTED_MS = MINUTE_MS;

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
