// Compares two series of ticks instant by instant. In: ticks in any order. Out: the ticks of both series at each UTC time, oldest first, and
// what remains after equal ticks are removed in pairs.

import type { ComparableTick } from './tick-key.ts';

const inOrder = (ticks: readonly ComparableTick[]): readonly ComparableTick[] => {
  for (let i = 1; i < ticks.length; i++)
    if ((ticks[i] as ComparableTick).ts < (ticks[i - 1] as ComparableTick).ts)
      return ticks.toSorted((a, b) => a.ts - b.ts);
  return ticks;
};

/** Calls back with the ticks of both series at each instant; one of the two lists may be empty. */
export const eachInstant = (
  one: readonly ComparableTick[],
  other: readonly ComparableTick[],
  see: (a: readonly ComparableTick[], b: readonly ComparableTick[]) => void,
): void => {
  const first = inOrder(one);
  const second = inOrder(other);
  const take = (ticks: readonly ComparableTick[], from: number, ts: number): number => {
    let to = from;
    while (to < ticks.length && (ticks[to] as ComparableTick).ts === ts) to++;
    return to;
  };
  for (let i = 0, k = 0; i < first.length || k < second.length; ) {
    const ts = Math.min(first[i]?.ts ?? Number.POSITIVE_INFINITY, second[k]?.ts ?? Number.POSITIVE_INFINITY);
    const toI = take(first, i, ts);
    const toK = take(second, k, ts);
    see(first.slice(i, toI), second.slice(k, toK));
    i = toI;
    k = toK;
  }
};

/** The ticks of `a` and `b` without an equal in the other, as multisets. For a few ticks of one instant. */
export const unpaired = (
  a: readonly ComparableTick[],
  b: readonly ComparableTick[],
  equal: (x: ComparableTick, y: ComparableTick) => boolean,
): { a: ComparableTick[]; b: ComparableTick[] } => {
  const left = [...b];
  const alone = a.filter((tick) => {
    const at = left.findIndex((other) => equal(tick, other));
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
  return { a: alone, b: left };
};
