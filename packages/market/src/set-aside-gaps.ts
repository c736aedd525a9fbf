// The gaps of a stretch that was set aside: one of each stream, from the last clean heartbeat that agreed with the clock rule to the first one
// that did again. In: the decision, and the account as it stands at its line. Out: notes like those of the ledger.

import type { SetAside } from './clock/ruling.ts';
import { LEAST_MARGIN_MS } from './bound.ts';
import { timingOf } from './lateness.ts';
import type { GapNote } from './ledger-notes.ts';
import type { Bound, LedgerState } from './ledger-state.ts';

export const setAsideGaps = (
  { from, fromUs, reason, to }: SetAside,
  ledger: LedgerState,
  of: { readonly account: string; readonly tsRecv: number },
): GapNote[] => {
  const outageId = `${of.account}-${fromUs.toString(36)}`;
  return [...ledger.streams.values()].map(({ key, lateness }) => {
    const name = [key.stream, key.symbol, key.timeframe].filter((part) => part !== null).join('.');
    // What a delayed symbol sent meanwhile is older by its delay.
    const { delayMs, marginMs } = timingOf(lateness, ledger.serverMs, of.tsRecv);
    const gap = {
      id: `${outageId}-${name}.aside`,
      outageId,
      cause: 'rejected' as const,
      from: movedBy(from, LEAST_MARGIN_MS - marginMs - delayMs),
      evidence: reason,
      openedUs: fromUs,
      missing: null,
    };
    return { event: 'ended', tsRecv: of.tsRecv, key, gap, to };
  });
};

const movedBy = (bound: Bound, ms: number): Bound => {
  if ('at' in bound) return { ...bound, byMs: bound.byMs + ms };
  return 'utcUs' in bound ? { utcUs: bound.utcUs + ms * 1000 } : bound;
};
