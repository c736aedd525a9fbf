// Whether a broker day traded like its weekday. In: the week, the usual first and last bar of days, and a day whose bars are all known. Out: the
// verdict, and the windows in which it traded. Thin symbols have silences of their own, so an edge counts as moved only if it is far from what is
// usual for this symbol.

import { DAY_MINUTES, type ObservedDay, type SessionWeek, weekdayOf, type Window } from './session-week.ts';

/** `extra`: it traded on a day that is shut. `partial`: it opened late and closed early. */
export type DayCondition = 'ordinary' | 'shut' | 'early_close' | 'late_open' | 'partial' | 'extra';

export interface SessionDay {
  readonly midnightMs: number;
  readonly condition: DayCondition;
  readonly windows: readonly Window[];
  readonly bars: number;
}

/** What the ordinary day of a symbol looks like: medians of days that have bars. */
export interface UsualDay {
  readonly days: number;
  /** Bars of a minute of a session. */
  readonly density: number;
  /** Minutes from the open to the first bar, and from the last bar to the close. */
  readonly headMinutes: number;
  readonly tailMinutes: number;
}

const LEAST_DAYS = 3;
const LEAST_SHIFT = 30;
const SURE_BARS = 20;

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const lengthOf = (windows: readonly Window[]): number =>
  windows.reduce((sum, [from, to]) => sum + to - from, 0);

/** Null as long as there are too few days to call anything usual. */
export const usualDay = (week: SessionWeek, days: readonly ObservedDay[]): UsualDay | null => {
  const known = days.flatMap(({ midnightMs, minutes }) => {
    const windows = week.get(weekdayOf(midnightMs)) ?? [];
    const [first, last] = [windows[0], windows.at(-1)];
    if (first === undefined || last === undefined || minutes.length === 0) return [];
    return [
      {
        density: minutes.length / lengthOf(windows),
        head: (minutes[0] as number) - first[0],
        tail: last[1] - 1 - (minutes.at(-1) as number),
      },
    ];
  });
  if (known.length < LEAST_DAYS) return null;
  return {
    days: known.length,
    density: median(known.map(({ density }) => density)),
    headMinutes: Math.max(0, median(known.map(({ head }) => head))),
    tailMinutes: Math.max(0, median(known.map(({ tail }) => tail))),
  };
};

/** Null: nothing can be said, because its weekday is unknown or too little is usual. */
export const judgeDay = (week: SessionWeek, usual: UsualDay | null, day: ObservedDay): SessionDay | null => {
  const { midnightMs, minutes } = day;
  const windows = week.get(weekdayOf(midnightMs));
  if (windows === undefined) return null;
  const verdict = (condition: DayCondition, traded: readonly Window[]): SessionDay => ({
    midnightMs,
    condition,
    windows: traded,
    bars: minutes.length,
  });
  const [firstBar, lastBar] = [minutes[0], minutes.at(-1)];
  const [first, last] = [windows[0], windows.at(-1)];
  if (first === undefined || last === undefined) {
    if (firstBar === undefined || lastBar === undefined) return verdict('ordinary', windows);
    return verdict('extra', [[firstBar, lastBar + 1]]);
  }
  if (usual === null) return null;
  const sure = (silence: number, usually: number): boolean =>
    silence - usually >= Math.max(LEAST_SHIFT, usually) && silence * usual.density >= SURE_BARS;
  if (firstBar === undefined || lastBar === undefined)
    return sure(lengthOf(windows), 0) ? verdict('shut', []) : null;
  const late = sure(lengthOf(cut(windows, 0, firstBar)), usual.headMinutes);
  const early = sure(lengthOf(cut(windows, lastBar + 1, DAY_MINUTES)), usual.tailMinutes);
  if (!late && !early) return verdict('ordinary', windows);
  const traded = cut(windows, late ? firstBar : 0, early ? lastBar + 1 : DAY_MINUTES);
  return verdict(late && early ? 'partial' : late ? 'late_open' : 'early_close', traded);
};

/** What of the windows lies between two minutes. */
const cut = (windows: readonly Window[], from: number, to: number): Window[] =>
  windows.flatMap(([begins, ends]): Window[] => {
    const window: Window = [Math.max(begins, from), Math.min(ends, to)];
    return window[1] > window[0] ? [window] : [];
  });
