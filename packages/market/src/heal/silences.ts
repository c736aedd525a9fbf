// Finds stretches in which a tick history is silent although the broker counted ticks: the sign of a terminal that has not loaded everything,
// as opposed to a quiet market. In: times of the ticks of a range, and the minutes that have a bar. Out: stretches without a tick in which
// whole minutes have enough of them; stretches close to each other are joined.
//
//   ticks   ·  ··   ·  ·                          ·   ··                   the range ends here │
//   bars    9  7  8  9  6  7  8  6  5  8  7  9  8  7  6  9  8  7  8  9  8  6  7  8  9  9  6  7
//   silent              [────────────────────────)      [──────────────────────────────────────)

import type { Range } from '../time/ranges.ts';
import { CLEAR_TICKS } from './undercount.ts';
import { MINUTE_US } from '../time/units.ts';

/** A minute for which the broker has a bar: its start in UTC microseconds, and the broker's count of ticks. */
export interface CountedMinute {
  readonly fromUs: number;
  readonly tickVolume: number;
}

export interface Silence {
  readonly range: Range;
  /** What the broker counted in whole minutes of it. */
  readonly ticks: number;
}

/** The millisecond of a tick is not silent. */
const MOMENT_US = 1000;
const CLOSE_US = 5 * MINUTE_US;

/** `ticks` and `minutes` in order of time. */
export const silences = (o: {
  readonly range: Range;
  readonly ticks: readonly number[];
  readonly minutes: readonly CountedMinute[];
}): Silence[] => {
  const { fromUs: startUs, toUs: endUs } = o.range;
  const found: { range: Range; ticks: number }[] = [];
  const inside = o.ticks.filter((us) => us >= startUs && us < endUs);
  let fromUs = startUs;
  let next = 0;
  for (const untilUs of [...inside, endUs]) {
    while ((o.minutes[next]?.fromUs ?? Number.POSITIVE_INFINITY) < fromUs) next += 1;
    let ticks = 0;
    for (
      let minute = o.minutes[next];
      minute !== undefined && minute.fromUs + MINUTE_US <= untilUs;
      minute = o.minutes[++next]
    )
      ticks += minute.tickVolume;
    if (ticks >= CLEAR_TICKS) {
      const last = found.at(-1);
      if (last !== undefined && fromUs - last.range.toUs < CLOSE_US)
        found[found.length - 1] = {
          range: { fromUs: last.range.fromUs, toUs: untilUs },
          ticks: last.ticks + ticks,
        };
      else found.push({ range: { fromUs, toUs: untilUs }, ticks });
    }
    fromUs = untilUs + MOMENT_US;
  }
  return found;
};
