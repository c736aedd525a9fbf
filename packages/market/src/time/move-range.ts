// Times and ranges that were written under one clock rule, converted to another. In: UTC microseconds under the old rule. Out: UTC microseconds
// under the new one. Times that both rules read the same stay unchanged, to the microsecond.

import type { Range } from './ranges.ts';
import { brokerMs } from './time.ts';
import type { ClockRule, Fold } from './clock-rule.ts';
import { DAY_MS } from './units.ts';

/** Which fold a bound in a repeated hour takes: a claim must not grow (`inwards`), a gap must not shrink (`outwards`). */
export type Side = 'inwards' | 'outwards';

/** Converts a time written under `from` to `to`. `fold` decides in a repeated hour, unless both rules repeat the same hour. */
export const moveTime = (us: number, from: ClockRule, to: ClockRule, fold: Fold): number => {
  const ms = Math.floor(us / 1000);
  const offsetS = from.offsetAt(ms);
  const broker = brokerMs(ms + offsetS * 1000);
  const both = to.repeatedHourAt(broker);
  const alike = both === null ? to.offsetAt(ms) === offsetS : tellsAlike(from, to, broker);
  return alike ? us : to.read(broker, { fold }).ms * 1000 + (us - ms * 1000);
};

/** True if both rules repeat the same hour at this wall-clock time, so that the folds of its rows are known. */
export const tellsAlike = (from: ClockRule, to: ClockRule, broker: number): boolean => {
  const one = from.repeatedHourAt(brokerMs(broker));
  const other = to.repeatedHourAt(brokerMs(broker));
  return (
    one !== null &&
    other !== null &&
    one.fromMs === other.fromMs &&
    one.toMs === other.toMs &&
    one.firstS === other.firstS &&
    one.secondS === other.secondS
  );
};

/** Converts a range written under `from`; null if nothing of it is left. */
export const moveRange = (range: Range, from: ClockRule, to: ClockRule, side: Side): Range | null => {
  const fromUs = moveTime(range.fromUs, from, to, side === 'inwards' ? 2 : 1);
  // The end is exclusive, so the last microsecond of the range is converted.
  const toUs = moveTime(range.toUs - 1, from, to, side === 'inwards' ? 1 : 2) + 1;
  return toUs > fromUs ? { fromUs, toUs } : null;
};

/** True if both rules read every instant of the range the same. */
export const readAlike = (range: Range, from: ClockRule, to: ClockRule): boolean => {
  const fromMs = range.fromUs / 1000;
  const toMs = range.toUs / 1000;
  const instants = [fromMs];
  // A switch may lie outside by as much as the wall clocks differ.
  for (const rule of [from, to])
    for (const { utcMs } of rule.switchesBetween(fromMs - DAY_MS, toMs + DAY_MS))
      instants.push(...[utcMs - 1, utcMs].filter((ms) => ms >= fromMs && ms < toMs));
  return instants.every((ms) => {
    const offsetS = from.offsetAt(ms);
    return to.offsetAt(ms) === offsetS && moveTime(ms * 1000, from, to, 1) === ms * 1000;
  });
};
