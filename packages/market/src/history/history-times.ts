// Converts the broker times of one answer to UTC. In: times in the order of the answer. Out: a reading or null for each, and the hours that stay
// ambiguous. Outside of repeated hours each time has one reading. In a repeated hour an answer is trusted only if it shows both folds by
// itself: it begins before the hour, ends after it, and steps back exactly once inside, by at least half of the hour. A smaller step is
// disorder within one fold. An answer sorted by wall clock has no step, so its folds are unknown; they are never guessed.

import type { ClockRule, Fold, RepeatedHour, UtcReading } from '../time/clock-rule.ts';
import { type Range, unite } from '../time/ranges.ts';
import type { BrokerMs } from '../time/time.ts';

export interface HistoryTimes {
  /** In the order of the answer. Null where the wire's time was unreadable, or ambiguous. */
  readonly at: readonly (UtcReading | null)[];
  /** Both folds of each hour in which a time stayed ambiguous. */
  readonly ambiguous: readonly Range[];
}

interface Repeat {
  readonly hour: RepeatedHour;
  /** Places in the answer whose time lies in this hour, in order. */
  readonly places: number[];
}

/** Both folds of a repeated hour in UTC. */
export const bothFolds = ({ fromMs, toMs, firstS, secondS }: RepeatedHour): Range => ({
  fromUs: (fromMs - firstS * 1000) * 1000,
  toUs: (toMs - secondS * 1000) * 1000,
});

const unreadable: UtcReading | null = null;

/** The fold of each place in the hour; null if the answer does not show it. */
const foldsOf = ({ hour, places }: Repeat, times: readonly (BrokerMs | null)[]): Fold[] | null => {
  const first = places[0] as number;
  const last = places.at(-1) as number;
  const before = times.slice(0, first).findLast((ms) => ms !== null);
  const after = times.slice(last + 1).find((ms) => ms !== null);
  const spans = before !== undefined && after !== undefined && before < hour.fromMs && after >= hour.toMs;
  if (!spans) return null;
  const folds: Fold[] = [];
  let fold: Fold = 1;
  let earlier = hour.fromMs;
  let next = 0;
  for (let place = first; place <= last; place++) {
    const ms = times[place];
    if (ms === null || ms === undefined) continue;
    // A time outside of the hour in between: the order of the answer shows nothing.
    if (place !== places[next]) return null;
    next++;
    if (ms < earlier) {
      if (fold === 2 || earlier - ms < (hour.toMs - hour.fromMs) / 2) return null;
      fold = 2;
    }
    earlier = ms;
    folds.push(fold);
  }
  return fold === 2 ? folds : null;
};

/**
 * Reads the broker times of one answer, oldest first if it is in order. Null times stay null. A skipped hour is read as in ClockRule.read, with
 * the offset from before the switch. `holdsBoth`: the row at this place spans both folds, like a bar of an hour or more; it begins in the
 * first.
 */
export const readHistoryTimes = (
  times: readonly (BrokerMs | null)[],
  rule: ClockRule,
  holdsBoth: (place: number, hour: RepeatedHour) => boolean = () => false,
): HistoryTimes => {
  const repeats = new Map<number, Repeat>();
  const at = times.map((ms, place): UtcReading | null => {
    if (ms === null) return unreadable;
    const reading = rule.read(ms, { fold: 1 });
    if (reading.occurrence !== 'twice') return reading;
    const hour = rule.repeatedHourAt(ms) as RepeatedHour;
    if (holdsBoth(place, hour)) return reading;
    const repeat = repeats.get(hour.fromMs);
    if (repeat === undefined) repeats.set(hour.fromMs, { hour, places: [place] });
    else repeat.places.push(place);
    return unreadable;
  });
  const ambiguous: Range[] = [];
  for (const repeat of repeats.values()) {
    const folds = foldsOf(repeat, times);
    if (folds === null) ambiguous.push(bothFolds(repeat.hour));
    else
      for (const [i, fold] of folds.entries()) {
        const place = repeat.places[i] as number;
        at[place] = rule.read(times[place] as BrokerMs, { fold });
      }
  }
  return { at, ambiguous: unite(ambiguous) };
};
