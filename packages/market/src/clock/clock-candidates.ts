// The rules to test a broker's clock against. In: measured offsets, the years that matter, and rules decided earlier. Out: rules that differ at
// some open or close of the market, likelier ones first: most brokers put their midnight at 17:00 in New York. Today's clock may be any zone of
// the world; for earlier clocks only the usual ones are tried.

import type { ClockRule } from '../time/clock-rule.ts';
import { marketCloses, marketOpens } from './market-week.ts';
import { fixedRule, parseClockRule } from '../time/parse-clock-rule.ts';
import { weekOf } from './week-edges.ts';
import { type ShownOffset, zonesShowing } from './zone-atlas.ts';
import { HOUR_S } from '../time/units.ts';

const USUAL = ['America/New_York+7h', 'Europe/Athens', 'Europe/London', 'Europe/Berlin'] as const;
/** Preferred names among zones with the same clock. */
const CITIES = [
  'America/New_York',
  'America/Chicago',
  'America/Denver',
  'America/Los_Angeles',
  'Australia/Sydney',
  'Pacific/Auckland',
] as const;
const MOST_SHIFT_S = 15 * HOUR_S;

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);
const shifted = (zone: string, shiftS: number): string => {
  const minutes = Math.abs(shiftS) / 60;
  const rest = minutes % 60 === 0 ? '' : `${minutes % 60}m`;
  return shiftS === 0 ? zone : `${zone}${shiftS < 0 ? '-' : '+'}${Math.floor(minutes / 60)}h${rest}`;
};

/** A clock that follows the summer time of another place, shifted to the offset it shows. */
const following = (zone: string, shown: readonly ShownOffset[]): string[] =>
  shown.flatMap(({ offsetS, utcMs }) => {
    const shiftS = offsetS - parseClockRule(zone).offsetAt(utcMs);
    return Math.abs(shiftS) > MOST_SHIFT_S ? [] : [shifted(zone, shiftS)];
  });

export const clockCandidates = (o: {
  /** The offset today; several if it is uncertain. */
  readonly shown: readonly ShownOffset[];
  /** Rules decided earlier; each of their pieces is a candidate too. */
  readonly known: readonly string[];
  readonly fromUtcMs: number;
  readonly untilUtcMs: number;
}): ClockRule[] => {
  const { fromUtcMs, known, shown, untilUtcMs } = o;
  const years = {
    first: new Date(fromUtcMs).getUTCFullYear(),
    last: new Date(untilUtcMs).getUTCFullYear(),
  };
  const zones = zonesShowing(shown, years);
  const texts = (list: readonly string[]): ClockRule[] => list.map(parseClockRule);
  const rules = [
    ...texts(known.slice(0, 1)),
    ...texts(USUAL),
    ...texts(CITIES),
    ...shown.map(({ offsetS }) => fixedRule(offsetS)),
    ...texts(known),
    ...texts(known.flatMap((text) => parseClockRule(text).pieces.map(({ rule }) => rule))),
    ...zones,
    ...texts([...following('America/New_York', shown), ...following('Europe/Athens', shown)]),
    ...texts(range(-3, 10).map((hours) => shifted('America/New_York', hours * HOUR_S))),
    ...range(-11, 13).map((hours) => fixedRule(hours * HOUR_S)),
  ];
  const weeks = range(weekOf(fromUtcMs), weekOf(untilUtcMs));
  const markets = weeks.flatMap((week) => [marketOpens(week), marketCloses(week)]);
  const apart = new Map<string, ClockRule>();
  for (const rule of rules) {
    const shows = shownWhen(rule, markets);
    if (!apart.has(shows)) apart.set(shows, rule);
  }
  return [...apart.values()];
};

/** The offsets of a rule at these instants, as a text: the first, and each instant at which it changes. */
const shownWhen = (rule: ClockRule, instants: readonly number[]): string => {
  const [from, to] = [instants[0] ?? 0, instants.at(-1) ?? 0];
  const shown = new Map([[0, rule.offsetAt(from)]]);
  for (const { afterS, utcMs } of rule.switchesBetween(from, to))
    shown.set(
      instants.findIndex((instant) => instant >= utcMs),
      afterS,
    );
  let last = Number.NaN;
  return [...shown]
    .flatMap(([at, offsetS]) => {
      const same = offsetS === last;
      last = offsetS;
      return same ? [] : [`${at}:${offsetS}`];
    })
    .join();
};
