// The trading hours of a symbol in broker time. In: windows as `/SymbolInfo` states them, or JSON from a table. Out: windows in minutes for each day
// of the week. A day missing from a week is unknown; a shut day has an empty list.

import { DAY_MS } from '../time/units.ts';

/** One broker day whose minute bars are all known: minutes of the day in which a bar opens, in order. */
export interface ObservedDay {
  /** Midnight at its start, on the broker's wall clock. */
  readonly midnightMs: number;
  readonly minutes: readonly number[];
}
export const WEEKDAYS = [
  'SUNDAY',
  'MONDAY',
  'TUESDAY',
  'WEDNESDAY',
  'THURSDAY',
  'FRIDAY',
  'SATURDAY',
] as const;
export type Weekday = (typeof WEEKDAYS)[number];
export const DAY_MINUTES = 1440;

/** Open from the minute `[0]` of the broker's day until before the minute `[1]`; 1440 is the end of the day. */
export type Window = readonly [fromMinute: number, toMinute: number];
/** Windows in order, disjoint. An empty list: shut all day. A day that is missing: unknown. */
export type SessionWeek = ReadonlyMap<Weekday, readonly Window[]>;

/** The day of the week of a broker's date, given as its midnight on the wall clock. 1970-01-01 was a Thursday. */
export const weekdayOf = (midnightMs: number): Weekday =>
  WEEKDAYS[(((Math.floor(midnightMs / DAY_MS) + 4) % 7) + 7) % 7] as Weekday;

const minuteOf = (text: unknown): number | null => {
  const found = typeof text === 'string' ? /^(\d\d):(\d\d)$/.exec(text) : null;
  if (found === null) return null;
  const [hour, minute] = [Number(found[1]), Number(found[2])];
  return (hour < 24 && minute < 60) || (hour === 24 && minute === 0) ? hour * 60 + minute : null;
};

const two = (n: number): string => String(n).padStart(2, '0');
export const spellMinute = (minute: number): string => `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;

/** Windows in order; those that touch or overlap are one. */
export const tidyWindows = (windows: Iterable<Window>): Window[] => {
  const tidy: [number, number][] = [];
  for (const [from, to] of [...windows].toSorted((a, b) => a[0] - b[0] || a[1] - b[1])) {
    const last = tidy.at(-1);
    if (to <= from) continue;
    if (last === undefined || from > last[1]) tidy.push([from, to]);
    else last[1] = Math.max(last[1], to);
  }
  return tidy;
};

/** Windows from text pairs; null when one cannot be read. A `to` of `00:00` is the end of the day. */
const windowsOf = (pairs: readonly unknown[]): Window[] | null => {
  const windows: Window[] = [];
  for (const pair of pairs) {
    const [from, until] = Array.isArray(pair) ? [minuteOf(pair[0]), minuteOf(pair[1])] : [null, null];
    if (from === null || until === null) return null;
    const to = until === 0 ? DAY_MINUTES : until;
    if (to < from) return null;
    windows.push([from, to]);
  }
  return tidyWindows(windows);
};

/**
 * The week that a broker states; null if it states none or it cannot be read. Days without a window are shut, because a broker that states its
 * hours states all of them.
 */
export const readStatedWeek = (told: unknown): SessionWeek | null => {
  if (!Array.isArray(told) || told.length === 0) return null;
  const pairs = new Map<Weekday, unknown[]>(WEEKDAYS.map((day) => [day, []]));
  for (const each of told as { day?: unknown; from?: unknown; to?: unknown }[]) {
    const of = pairs.get(each.day as Weekday);
    if (of === undefined) return null;
    of.push([each.from, each.to]);
  }
  const week = new Map<Weekday, readonly Window[]>();
  for (const [day, list] of pairs) {
    const windows = windowsOf(list);
    if (windows === null) return null;
    week.set(day, windows);
  }
  return week;
};

export const spellWindows = (windows: readonly Window[]): [string, string][] =>
  windows.map(([from, to]) => [spellMinute(from), spellMinute(to)]);

/** A week as JSON: by day, in order of the week; unknown days are left out. */
export const spellWeek = (week: SessionWeek): string =>
  JSON.stringify(
    Object.fromEntries(
      WEEKDAYS.flatMap((day) => {
        const windows = week.get(day);
        return windows === undefined ? [] : [[day, spellWindows(windows)]];
      }),
    ),
  );

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

/** Reads what `spellWeek` wrote; null for anything else. */
export const readWeek = (text: string): SessionWeek | null => {
  const told = parsed(text);
  if (typeof told !== 'object' || told === null || Array.isArray(told)) return null;
  const week = new Map<Weekday, readonly Window[]>();
  for (const [day, pairs] of Object.entries(told)) {
    const windows = Array.isArray(pairs) ? windowsOf(pairs) : null;
    if (windows === null || !WEEKDAYS.includes(day as Weekday)) return null;
    week.set(day as Weekday, windows);
  }
  return week;
};

/** Reads the windows of one date, as JSON of pairs; null for anything else. */
export const readWindows = (text: string): readonly Window[] | null => {
  const told = parsed(text);
  return Array.isArray(told) ? windowsOf(told) : null;
};

/** The week in the JSON of `symbol_specs`; null if there is none or it cannot be read. */
export const readStatedText = (text: string | null | undefined): SessionWeek | null =>
  text === null || text === undefined ? null : readStatedWeek(parsed(text));
