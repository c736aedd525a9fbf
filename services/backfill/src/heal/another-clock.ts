// Whether a range was recorded under a clock rule that reads it differently from the rule in force. In: a range. Out: yes or no, or ComeAgain. Such
// stored rows and bounds mean other hours than history would be asked for, so no verdict on them is valid. The gap waits until `fxtape clock apply`
// has corrected the rows.
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
