// The broker's tick counts per minute, as additional evidence beside its ticks. In: a symbol and a range. Out: the minutes that have a bar, with their
// counts, and the ranges whose bars are not loaded yet. Minutes already covered by history are not asked for again.
import { type CountedMinute, MINUTE_US, type Range, silences, subtract } from '@fxtape/market';
import { syncBars } from '../sync/sync-bars.ts';
import { whole } from './heal-by-bars.ts';
import type { HealContext } from './heal-context.ts';
import type { SymbolGap } from './open-gap.ts';

export interface MinuteVolumes {
  readonly minutes: readonly CountedMinute[];
  readonly unknown: readonly Range[];
}

/** The terminal does not have the bars now; that says nothing about ticks. */
const NOT_THERE: ReadonlySet<unknown> = new Set(['HISTORY_NOT_READY', 'HISTORY_TOO_SLOW']);

/** Whole minutes within the range. */
export async function minuteVolumes(
  h: HealContext,
  of: { readonly feed: string; readonly symbol: string },
  range: Range,
): Promise<MinuteVolumes> {
  const { feed, symbol } = of;
  const { reader } = h.parts;
  const options = { signal: h.signal };
  const key = { account: h.account.account, feed, symbol, stream: 'bars', timeframe: 'M1' };
  let unknown = subtract([range], await reader.coverageOf(key, 'history', range, options));
  if (unknown.length > 0) unknown = subtract(unknown, await fetched(h, symbol, range));
  return { minutes: await reader.barVolumes({ feed, symbol }, range, options), unknown };
}

async function fetched(h: HealContext, symbol: string, range: Range): Promise<readonly Range[]> {
  try {
    const { covered, outcome } = await syncBars(whole(h), { symbol, timeframe: 'M1', range });
    // Bars begin later than the ticks: none will come.
    return outcome === 'before_beginning' ? [range] : covered;
  } catch (error) {
    if (!NOT_THERE.has((error as { code?: unknown }).code)) throw error;
    return [];
  }
}

/**
 * Checks a history that matches on both sides of a gap against the bars inside it: a terminal that has loaded both sides but not what lies
 * between looks like a quiet market. Returns the stretches in which history has no tick although the broker counted some.
 */
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
