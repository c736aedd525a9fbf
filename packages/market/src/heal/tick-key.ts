// When a live tick and a tick of history are the same: broker millisecond, prices, last and volume are equal. In: ticks as rows. Out: keys,
// compared as multisets. Prices are rounded to 8 decimals against floating-point noise. `last` and `volume` are null if absent or zero, as on
// the live path.

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

/** A price in units of 1e-8; empty if unknown. */
const price = (value: number | null | undefined): number | '' =>
  value === null || value === undefined || Number.isNaN(value) ? '' : Math.round(value * 1e8) + 0;

/** The same, and empty if zero. */
const figure = (value: number | null | undefined): number | '' => price(value) || '';

/** Broker wall clock of a tick in milliseconds; NaN if its offset is unknown, so that it matches no tick of history. */
export const brokerMsOf = ({ ts, utc_offset_s }: ComparableTick): number =>
  ts / 1000 + (utc_offset_s ?? Number.NaN) * 1000;

/** The content of a tick without its time. */
export const tickContent = ({ bid, ask, last, volume }: ComparableTick): string =>
  `${price(bid)}|${price(ask)}|${figure(last)}|${figure(volume)}`;

/** Bid and ask alone. */
export const tickPrices = ({ bid, ask }: ComparableTick): string => `${price(bid)}|${price(ask)}`;

/** True if two ticks have the same content. */
const sameContent = (a: ComparableTick, b: ComparableTick): boolean =>
  price(a.bid) === price(b.bid) &&
  price(a.ask) === price(b.ask) &&
  figure(a.last) === figure(b.last) &&
  figure(a.volume) === figure(b.volume);

/** True if two ticks have the same key and UTC time, hence the same offset. */
export const sameTick = (a: ComparableTick, b: ComparableTick): boolean =>
  a.ts === b.ts && brokerMsOf(a) === brokerMsOf(b) && sameContent(a, b);

/** The key of the multiset in which live and historical ticks are compared. */
export const tickKey = (tick: ComparableTick): string => `${brokerMsOf(tick)}|${tickContent(tick)}`;

/** The ticks with `ts` in a range. */
export const ticksIn = <T extends ComparableTick>(ticks: readonly T[], range: Range): T[] =>
  ticks.filter(({ ts }) => ts >= range.fromUs && ts < range.toUs);

/** The ticks that remain after each of `otherKeys` removes one equal tick. In order; of equal ticks the last remain. */
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
