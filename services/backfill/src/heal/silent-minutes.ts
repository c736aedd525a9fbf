// A second witness for a history that matches on both sides of a gap: the broker's M1 bars inside it. A terminal that has loaded both sides
// but not yet what lies between would look like a quiet market. In: the part of the gap that the history covers, and its ticks. Out: the
// stretches in which history has no tick although the broker counted some.
import { type Range, silences, subtract } from '@fxtape/market';
import type { HealContext } from './heal-context.ts';
import { minuteVolumes } from './minute-volumes.ts';
import type { SymbolGap } from './symbol-gap.ts';

const MINUTE_US = 60_000_000;

export async function silentMinutes(
  h: HealContext,
  gap: SymbolGap,
  proved: Range,
  history: readonly { readonly ts: number }[],
): Promise<Range[]> {
  const range = {
    fromUs: Math.ceil(proved.fromUs / MINUTE_US) * MINUTE_US,
    toUs: proved.toUs - (proved.toUs % MINUTE_US),
  };
  if (range.toUs <= range.fromUs) return [];
  const { minutes, unknown } = await minuteVolumes(h, gap, range);
  // Where bars are not there yet, they prove nothing.
  const known = minutes.filter(
    ({ fromUs }) => subtract([{ fromUs, toUs: fromUs + MINUTE_US }], unknown).length > 0,
  );
  const found = silences({ range, ticks: history.map(({ ts }) => ts), minutes: known });
  return found.map(({ range: silent }) => silent);
}
