// How fast each account receives. In: two samples of the collector's state. Out: counts per second by account; none for an account that only
// one sample has, and none at all when the collector was restarted in between.
import type { CollectorState } from '@fxtape/console';
import type { Rates } from './facts.ts';

export interface Sample {
  /** Monotonic. */
  readonly monoMs: number;
  readonly state: CollectorState;
}

export function ratesBetween(before: Sample | null, after: Sample): Map<string, Rates> {
  const rates = new Map<string, Rates>();
  const seconds = before === null ? 0 : (after.monoMs - before.monoMs) / 1000;
  if (before === null || seconds <= 0 || before.state.startedAt !== after.state.startedAt) return rates;
  const known = new Map(before.state.accounts.map((account) => [account.account, account.counters]));
  for (const { account, counters } of after.state.accounts) {
    const then = known.get(account);
    if (then === undefined) continue;
    const perSecond = (counter: string) =>
      Math.max(0, ((counters[counter] ?? 0) - (then[counter] ?? 0)) / seconds);
    rates.set(account, { ticksPerSecond: perSecond('ticks'), framesPerSecond: perSecond('frames') });
  }
  return rates;
}
