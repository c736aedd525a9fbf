// The gaps of a stretch that was set aside: one for each stream, from the last clean heartbeat that agreed with the clock rule to the next
// one that did. In: the ruling, and the ledger as it stands at its line. Out: notes like those of the ledger. Days may lie between the
// stretch and its ruling, so the ruling itself says what was configured and how late each symbol was.

import type { SetAside, SymbolTiming } from './clock/ruling.ts';
import { LEAST_MARGIN_MS } from './bound.ts';
import { timingOf } from './lateness.ts';
import type { GapNote } from './ledger-notes.ts';
import type { Bound, LedgerState } from './ledger-state.ts';
import { momentGapId } from './moment-gaps.ts';
import { type StreamKey, streamId } from './stream-key.ts';

/** How late the symbols come that do not come at once, at the line of a receive time. */
export const timingsAt = (ledger: LedgerState, tsRecv: number): SymbolTiming[] =>
  [...ledger.streams.values()].flatMap(({ key: { stream, symbol }, lateness }) => {
    if (stream !== 'ticks' || symbol === null) return [];
    const timing = timingOf(lateness, ledger.serverMs, tsRecv);
    return timing.marginMs > LEAST_MARGIN_MS || timing.delayMs > 0 ? [{ symbol, ...timing }] : [];
  });

export const setAsideGaps = (
  { from, fromUs, late, reason, streams = [], to }: SetAside,
  ledger: LedgerState,
  of: { readonly account: string; readonly tsRecv: number },
): GapNote[] => {
  const outageId = `${of.account}-${fromUs.toString(36)}`;
  const timings = late ?? timingsAt(ledger, of.tsRecv);
  const keys = new Map([...streams, ...[...ledger.streams.values()].map(({ key }) => key)].map(byId));
  return [...keys.values()].map((key) => {
    const name = [key.stream, key.symbol, key.timeframe].filter((part) => part !== null).join('.');
    const timing = timings.find(({ symbol }) => symbol === key.symbol);
    // What a delayed symbol sent meanwhile is older by its delay.
    const lateMs = timing === undefined ? 0 : timing.marginMs + timing.delayMs - LEAST_MARGIN_MS;
    const gap = {
      id: momentGapId(`${outageId}-${name}`, 'aside'),
      outageId,
      cause: 'rejected' as const,
      from: movedBy(from, -lateMs),
      evidence: reason,
      openedUs: fromUs,
      missing: null,
    };
    return { event: 'ended', tsRecv: of.tsRecv, key, gap, to };
  });
};

const byId = (key: StreamKey): [string, StreamKey] => [streamId(key), key];

const movedBy = (bound: Bound, ms: number): Bound => {
  if ('at' in bound) return { ...bound, byMs: bound.byMs + ms };
  return 'utcUs' in bound ? { utcUs: bound.utcUs + ms * 1000 } : bound;
};
