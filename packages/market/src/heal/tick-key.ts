// By what two ticks are the same tick, when one came over the stream and the other from history: broker millisecond, prices,
// last and volume. Prices are rounded to 8 decimals, so that what a double cannot hold makes no difference; `last` and `volume`
// are nothing when absent or zero, as on the live path. In: ticks as rows. Out: texts, counted as multisets.

import type { Range } from '../time/ranges.ts';

/** A tick as the database or the mapper of history gives it. */
export interface ComparableTick {
  /** UTC microseconds. */
  readonly ts: number;
  readonly utc_offset_s?: number | null | undefined;
  readonly bid?: number | null | undefined;
  readonly ask?: number | null | undefined;
  readonly last?: number | null | undefined;
  readonly volume?: number | null | undefined;
}

/** A price in units of 1e-8; nothing when it is not known. */
const price = (value: number | null | undefined): number | '' =>
  value === null || value === undefined || Number.isNaN(value) ? '' : Math.round(value * 1e8) + 0;

/** The same, and nothing when it is zero. */
const figure = (value: number | null | undefined): number | '' => price(value) || '';

/** Broker wall clock of a tick in milliseconds; NaN when its offset is not known, which is equal to nothing of history. */
export const brokerMsOf = ({ ts, utc_offset_s }: ComparableTick): number =>
  ts / 1000 + (utc_offset_s ?? Number.NaN) * 1000;

/** What a tick says, without when. */
export const tickContent = ({ bid, ask, last, volume }: ComparableTick): string =>
  `${price(bid)}|${price(ask)}|${figure(last)}|${figure(volume)}`;

/** Bid and ask alone. */
export const tickPrices = ({ bid, ask }: ComparableTick): string => `${price(bid)}|${price(ask)}`;

/** True when two ticks say the same. */
const sameContent = (a: ComparableTick, b: ComparableTick): boolean =>
  price(a.bid) === price(b.bid) &&
  price(a.ask) === price(b.ask) &&
  figure(a.last) === figure(b.last) &&
  figure(a.volume) === figure(b.volume);

/** True when two ticks have one key and one UTC time: they were read under the same offset too. */
export const sameTick = (a: ComparableTick, b: ComparableTick): boolean =>
  a.ts === b.ts && brokerMsOf(a) === brokerMsOf(b) && sameContent(a, b);

/** The key of the multiset in which live and historical ticks are compared. */
export const tickKey = (tick: ComparableTick): string => `${brokerMsOf(tick)}|${tickContent(tick)}`;

/** The ticks with `ts` in a range. */
export const ticksIn = <T extends ComparableTick>(ticks: readonly T[], range: Range): T[] =>
  ticks.filter(({ ts }) => ts >= range.fromUs && ts < range.toUs);

/** The ticks left over when each of `otherKeys` has taken an equal one away; in order, of equal ones the last are left. */
export const surplus = <T>(
  ticks: readonly T[],
  otherKeys: readonly string[],
  key: (tick: T) => string,
): T[] => {
  const left = new Map<string, number>();
  for (const other of otherKeys) left.set(other, (left.get(other) ?? 0) + 1);
  return ticks.filter((tick) => {
    const id = key(tick);
    const count = left.get(id) ?? 0;
    if (count > 0) left.set(id, count - 1);
    return count === 0;
  });
};
