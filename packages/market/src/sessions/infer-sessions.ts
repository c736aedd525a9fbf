// Infers when a symbol trades. In: the week that the broker states, or null, and days whose bars are all known. Out: the week, corrected by the
// bars; what contradicts; and the days that differ from their weekday: holidays, early closes, late opens. A rest is concluded only if so many
// bars are missing that chance does not explain it.

import { judgeDay, type SessionDay, usualDay } from './judge-day.ts';
import {
  DAY_MINUTES,
  type SessionWeek,
  spellMinute,
  tidyWindows,
  WEEKDAYS,
  type Weekday,
  weekdayOf,
  type Window,
  type ObservedDay,
} from './session-week.ts';

export type WeekCondition = 'stated' | 'observed' | 'confirmed' | 'corrected';

export interface InferredSessions {
  readonly week: SessionWeek;
  /** `stated`: nothing was seen yet. `observed`: nothing is stated. `confirmed`: they agree. `corrected`: bars contradict what is stated. */
  readonly condition: WeekCondition;
  /** Observed days by weekday, and where the bars correct what is stated. */
  readonly evidence: {
    readonly days: Readonly<Record<string, number>>;
    readonly bars: number;
    readonly opened: readonly string[];
    readonly shut: readonly string[];
  };
  /** A verdict for each observed day that can be judged, ordinary ones included. */
  readonly days: readonly SessionDay[];
}

/** How many days of a weekday must be observed before its silence counts. */
export const LEAST_DAYS = 3;
/** A shorter silence is not a rest. Minutes. */
export const LEAST_REST = 30;
/** If this many bars would be usual and none exists, it is not chance. */
export const SURE_BARS = 20;
/** This many days must show trading outside of the stated hours: a single one may be the broker's mistake. */
const LEAST_WITNESSES = 2;

interface DaySeen {
  readonly days: number;
  /** Days with a bar. */
  readonly trading: number;
  /** By minute: on how many days it has a bar. */
  readonly counts: Uint16Array;
}

const seenOf = (days: readonly ObservedDay[]): DaySeen => {
  const counts = new Uint16Array(DAY_MINUTES);
  for (const { minutes } of days)
    for (const minute of minutes) counts[minute] = (counts[minute] as number) + 1;
  return { days: days.length, trading: days.filter(({ minutes }) => minutes.length > 0).length, counts };
};

/** Stretches of minutes for which something holds. */
const runs = (holds: (minute: number) => boolean): Window[] => {
  const found: Window[] = [];
  let from: number | null = null;
  for (let minute = 0; minute <= DAY_MINUTES; minute++) {
    const inside = minute < DAY_MINUTES && holds(minute);
    if (inside && from === null) from = minute;
    if (!inside && from !== null) {
      found.push([from, minute]);
      from = null;
    }
  }
  return found;
};

const without = (windows: readonly Window[], taken: readonly Window[]): Window[] => {
  const open = (minute: number, list: readonly Window[]): boolean =>
    list.some(([from, to]) => minute >= from && minute < to);
  return runs((minute) => open(minute, windows) && !open(minute, taken));
};

/** Silences of a weekday that chance does not explain. `density`: bars of a minute of trading, from 0 to 1. */
const restsOf = (seen: DaySeen, density: number): Window[] => {
  if (seen.trading === 0) {
    const surely = seen.days >= LEAST_DAYS && DAY_MINUTES * density * seen.days >= SURE_BARS;
    return surely ? [[0, DAY_MINUTES]] : [];
  }
  if (seen.trading < LEAST_DAYS) return [];
  return runs((minute) => seen.counts[minute] === 0).filter(
    ([from, to]) => to - from >= LEAST_REST && (to - from) * density * seen.trading >= SURE_BARS,
  );
};

/** Minutes outside of `stated` that trade, joined over silences that are no rest. */
const extrasOf = (seen: DaySeen, stated: readonly Window[]): Window[] => {
  const outside = without([[0, DAY_MINUTES]], stated);
  return outside.flatMap(([from, to]) => {
    const inside = runs(
      (minute) => minute >= from && minute < to && (seen.counts[minute] as number) >= LEAST_WITNESSES,
    );
    const joined: [number, number][] = [];
    for (const [begins, ends] of inside) {
      const last = joined.at(-1);
      if (last !== undefined && begins - last[1] < LEAST_REST) last[1] = ends;
      else joined.push([begins, ends]);
    }
    return joined;
  });
};

const spelled = (day: Weekday, windows: readonly Window[]): string[] =>
  windows.map(([from, to]) => `${day} ${spellMinute(from)}-${spellMinute(to)}`);

/** Bars of a minute of trading. Counted where there are any: between the first and the last bar of each day. */
const densityOf = (days: readonly ObservedDay[]): number => {
  let bars = 0;
  let minutes = 0;
  for (const day of days) {
    bars += day.minutes.length;
    minutes += day.minutes.length === 0 ? 0 : (day.minutes.at(-1) as number) - (day.minutes[0] as number) + 1;
  }
  return minutes === 0 ? 0 : bars / minutes;
};

/** Combines the stated sessions with the observed days. */
export const inferSessions = (o: {
  readonly stated: SessionWeek | null;
  readonly days: readonly ObservedDay[];
}): InferredSessions => {
  const byWeekday = Map.groupBy(o.days, ({ midnightMs }) => weekdayOf(midnightMs));
  const density = densityOf(o.days);
  const week = new Map<Weekday, readonly Window[]>();
  const opened: string[] = [];
  const shut: string[] = [];
  let witnessed = true;
  for (const weekday of WEEKDAYS) {
    const seen = seenOf(byWeekday.get(weekday) ?? []);
    const stated = o.stated?.get(weekday) ?? null;
    const rests = restsOf(seen, density);
    witnessed &&= seen.days >= LEAST_DAYS;
    if (stated === null) {
      if (seen.days < LEAST_DAYS || (seen.trading < LEAST_DAYS && rests.length === 0)) continue;
      week.set(weekday, without([[0, DAY_MINUTES]], rests));
      continue;
    }
    const extras = extrasOf(seen, stated);
    const taken = without(rests, without([[0, DAY_MINUTES]], stated)).filter(
      ([from, to]) => to - from >= LEAST_REST,
    );
    week.set(weekday, without(tidyWindows([...stated, ...extras]), taken));
    opened.push(...spelled(weekday, extras));
    shut.push(...spelled(weekday, taken));
  }
  const condition = conditionOf(o.stated, opened.length + shut.length > 0, witnessed);
  const usual = usualDay(week, o.days);
  return {
    week,
    condition,
    evidence: {
      days: Object.fromEntries(WEEKDAYS.map((day) => [day, byWeekday.get(day)?.length ?? 0])),
      bars: o.days.reduce((sum, { minutes }) => sum + minutes.length, 0),
      opened,
      shut,
    },
    days: o.days.flatMap((day) => judgeDay(week, usual, day) ?? []),
  };
};

const conditionOf = (
  stated: SessionWeek | null,
  contradicted: boolean,
  witnessed: boolean,
): WeekCondition => {
  if (stated === null) return 'observed';
  if (contradicted) return 'corrected';
  return witnessed ? 'confirmed' : 'stated';
};
