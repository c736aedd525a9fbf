// The gaps of a stretch that was set aside: one for each stream, from the last clean heartbeat that agreed with the clock rule to the next
// one that did. In: the ruling, and the ledger as it stands at its line. Out: notes like those of the ledger. Days may lie between the
// stretch and its ruling, so the ruling itself says what was configured, for which feed, and how late each symbol was.

import type { RecordedStreams, SetAside, SymbolTiming } from './ruling.ts';
import { earliest, gapStart, LEAST_MARGIN_MS, type Bound, type Instant } from './bound.ts';
import { timingOf } from './lateness.ts';
import type { GapNote } from './ledger-notes.ts';
import type { LedgerState } from './ledger-state.ts';
import { momentGapId } from '../tables/moment-gaps.ts';
import { type StreamKey, streamId } from '../tables/stream-key.ts';

/** How late the symbols come that do not come at once, at the line of a receive time. */
export const timingsAt = (ledger: LedgerState, tsRecv: number): SymbolTiming[] =>
  [...ledger.streams.values()].flatMap(({ key: { stream, symbol }, lateness }) => {
    if (stream !== 'ticks' || symbol === null) return [];
    const timing = timingOf(lateness, ledger.serverMs, tsRecv);
    return timing.marginMs > LEAST_MARGIN_MS || timing.delayMs > 0 ? [{ symbol, ...timing }] : [];
  });

/**
 * Where the gaps of a stretch begin: at the last clean heartbeat before it, or at its first line as it was received. That heartbeat may have
 * been of a clock that was wrong already, hours ahead of the stretch's end.
 */
export const setAsideFrom = (clean: Instant | null, receivedUs: number): Bound => {
  const received = { utcUs: receivedUs - LEAST_MARGIN_MS * 1000 };
  return clean === null ? received : earliest(gapStart(clean, LEAST_MARGIN_MS), received);
};

export const setAsideGaps = (
  ruling: SetAside,
  ledger: LedgerState,
  of: { readonly account: string; readonly tsRecv: number },
): GapNote[] => {
  const { from, fromUs, late, reason, to } = ruling;
  const timings = late ?? timingsAt(ledger, of.tsRecv);
  return ofEachFeed(ruling.recorded ?? [asFarAsKnown(ruling, ledger)]).map(({ feed, key, sinceUs }) => {
    const name = [key.stream, key.symbol, key.timeframe].filter((part) => part !== null).join('.');
    const timing = timings.find(({ symbol }) => symbol === key.symbol);
    // What a delayed symbol sent meanwhile is older by its delay.
    const lateMs = timing === undefined ? 0 : timing.marginMs + timing.delayMs - LEAST_MARGIN_MS;
    const gap = {
      // A stream that goes on under another feed has a second gap.
      id: momentGapId(`${of.account}-${sinceUs.toString(36)}-${name}`, 'aside'),
      outageId: `${of.account}-${fromUs.toString(36)}`,
      cause: 'rejected' as const,
      from: movedBy(from, -lateMs),
      evidence: reason,
      openedUs: fromUs,
      missing: null,
    };
    return { event: 'ended', tsRecv: of.tsRecv, key, gap, to, feed };
  });
};

/** An earlier release says what was configured when it began, and nothing of feeds. */
const asFarAsKnown = ({ fromUs, streams = [] }: SetAside, ledger: LedgerState) => {
  const now = [...ledger.streams.values()].map(({ key }) => key);
  return { fromUs, feed: undefined, streams: [...streams, ...now] };
};

/** Each stream once; what belongs to a symbol, once for each feed. */
const ofEachFeed = (
  recorded: readonly (Omit<RecordedStreams, 'feed'> & { readonly feed: string | null | undefined })[],
) => {
  const found = new Map<string, { key: StreamKey; feed: string | null | undefined; sinceUs: number }>();
  for (const { feed, fromUs, streams } of recorded)
    for (const key of streams) {
      const id = `${streamId(key)}|${key.symbol === null ? '' : feed}`;
      if (!found.has(id)) found.set(id, { key, feed, sinceUs: fromUs });
    }
  return [...found.values()];
};

const movedBy = (bound: Bound, ms: number): Bound => {
  if ('at' in bound) return { ...bound, byMs: bound.byMs + ms };
  if ('utcUs' in bound) return { utcUs: bound.utcUs + ms * 1000 };
  return 'earliest' in bound
    ? { earliest: bound.earliest.map((each) => movedBy(each, ms)) }
    : { latest: bound.latest.map((each) => movedBy(each, ms)) };
};
