// A second witness for a history that agrees on both sides of a gap: the broker's M1 bars inside it. A terminal that has loaded both sides
// and not yet what lies between would look like a quiet market. In: the part of the gap that history speaks of, and its ticks. Out: the
// whole minutes in which history has no tick and the broker counted some.
import { type Range, subtract, undercount } from '@fxtape/market';
import { syncBars } from '../sync-bars.ts';
import { whole } from './heal-by-bars.ts';
import type { HealContext } from './heal-context.ts';
import type { SymbolGap } from './symbol-gap.ts';

const MINUTE_US = 60_000_000;

export async function silentMinutes(
  h: HealContext,
  { feed, symbol }: SymbolGap,
  proved: Range,
  history: readonly { readonly ts: number }[],
): Promise<Range[]> {
  const range = {
    fromUs: Math.ceil(proved.fromUs / MINUTE_US) * MINUTE_US,
    toUs: proved.toUs - (proved.toUs % MINUTE_US),
  };
  if (range.toUs <= range.fromUs) return [];
  const { covered } = await syncBars(whole(h), { symbol, timeframe: 'M1', range });
  // Where bars are not there yet they are no witness.
  const unknown = subtract([range], covered);
  const counts = new Map<number, number>();
  for (const { ts } of history)
    counts.set(ts - (ts % MINUTE_US), (counts.get(ts - (ts % MINUTE_US)) ?? 0) + 1);
  const volumes = await h.parts.reader.barVolumes({ feed, symbol }, range, { signal: h.signal });
  const minutes = volumes.map(({ fromUs, tickVolume }) => ({
    fromUs,
    stored: counts.get(fromUs) ?? 0,
    broker: tickVolume,
  }));
  return undercount({ minutes, band: () => null, gaps: unknown });
}
