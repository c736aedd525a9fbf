// What evidence would settle a clock rule. In: what was found, and what is still open. Out: one sentence per kind of evidence; none if the rule is
// certain.

import type { ClockFit } from './clock-fit.ts';
import type { ClockMove } from './clock-moves.ts';
import type { ClockRule } from '../time/clock-rule.ts';
import type { OffsetSample } from './measure-offset.ts';
import { DAY_MS } from '../time/units.ts';

/** A rule that contradicts a larger share of the weeks explains nothing. */
const MOST_CONTRADICTED = 0.25;
/** A clock measured in one season says little about the other. */
const LEAST_APART_DAYS = 90;
const LOOK_AHEAD_DAYS = 770;
const MOST_NAMED = 4;

export interface OpenQuestions {
  readonly fit: ClockFit;
  readonly nowUtcMs: number;
  readonly rule: ClockRule;
  readonly today: OffsetSample | null;
  readonly fitsToday: boolean;
  /** The newest week that is known fits. */
  readonly newestFits: boolean;
  /** Offsets that were measured. */
  readonly samples: readonly OffsetSample[];
  /** Saturdays of weeks that do not fit, and of those in which the clock was set otherwise. */
  readonly contradicts: readonly string[];
  readonly setOtherwise: readonly string[];
  readonly moves: readonly ClockMove[];
  /** Rules that may be the right one as well. */
  readonly undecided: readonly ClockRule[];
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

const named = (names: readonly string[]): string => {
  const more = names.length - MOST_NAMED;
  return `${names.slice(0, MOST_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
};

/** The first day on which two rules differ; null if they do not within two years. */
const apartFrom = (a: ClockRule, b: ClockRule, nowUtcMs: number): string | null => {
  for (let day = 0; day < LOOK_AHEAD_DAYS; day++) {
    const at = nowUtcMs + day * DAY_MS;
    if (a.offsetAt(at) !== b.offsetAt(at)) return dayOf(at);
  }
  return null;
};

export const whatSettles = (o: OpenQuestions): string[] => [
  ...ofToday(o),
  ...ofWeeks(o),
  ...ofMoves(o),
  ...ofRivals(o),
];

const isIrregular = ({ contradicts, fit }: OpenQuestions): boolean =>
  contradicts.length > fit.seen * MOST_CONTRADICTED;

const ofToday = (o: OpenQuestions): string[] => {
  const { fit, fitsToday, newestFits, rule, samples, today } = o;
  const denied = samples.find(({ offsetS, utcMs }) => rule.offsetAt(utcMs) !== offsetS);
  const said: string[] = [];
  if (today === null)
    said.push('a running clock: the broker’s has not been compared with UTC in the last days');
  else if (
    today.source === 'stated' &&
    (fit.kind !== 'currencies' || isIrregular(o) || !fitsToday || !newestFits)
  )
    said.push(`ticks: today’s offset, ${today.offsetS} s, is only stated, and no trading weeks confirm it`);
  if (denied !== undefined)
    said.push(
      `a person: on ${dayOf(denied.utcMs)} the broker's clock was measured at ${denied.offsetS} s from UTC, and its weeks say otherwise`,
    );
  return said;
};

const ofWeeks = (o: OpenQuestions): string[] => {
  const { contradicts, fit, rule, samples, setOtherwise, undecided } = o;
  const said: string[] = [];
  const symbols = named(fit.symbols);
  // A running clock shows the rule now. Without weeks, nothing shows whether the broker changed it before.
  if (fit.kind === 'none')
    said.push('hourly bars of a currency or a metal: nothing that is known rests on weekends');
  const seenDays = ((samples.at(-1)?.utcMs ?? 0) - (samples.at(0)?.utcMs ?? 0)) / DAY_MS;
  if (fit.kind === 'exchanges' && (undecided.length > 0 || seenDays < LEAST_APART_DAYS))
    said.push(
      `hourly bars of a currency or a metal, or a running clock seen in other months: ${symbols} may keep the hours of any exchange`,
    );
  if (isIrregular(o))
    said.push(
      fit.kind === 'currencies'
        ? `a person: in ${contradicts.length} of ${fit.seen} weeks ${symbols} did not trade from Sunday 17:00 or 18:00 to Friday 17:00 in New York under any rule`
        : `a more regular history: ${contradicts.length} of ${fit.seen} weeks fit no rule`,
    );
  else if (setOtherwise.length > 0)
    said.push(
      `a person: in the weeks from ${named(setOtherwise)} the clock was set otherwise than ${rule.id} says`,
    );
  return said;
};

const ofMoves = ({ moves }: OpenQuestions): string[] =>
  moves
    .filter(({ proven }) => !proven)
    .map(
      ({ afterUtcMs, beforeUtcMs, from, to }) =>
        `a person: its weeks look as if it had moved from ${from} to ${to} between ${dayOf(afterUtcMs)} and ${dayOf(beforeUtcMs)}, and do not prove it`,
    );

const ofRivals = ({ nowUtcMs, rule, undecided }: OpenQuestions): string[] => {
  const apart = undecided.map((rival) => ({ rival: rival.id, day: apartFrom(rule, rival, nowUtcMs) }));
  return [...Map.groupBy(apart, ({ day }) => day)].map(([day, of]) => {
    const names = named(of.map(({ rival }) => rival));
    return day === null
      ? `older history: ${rule.id} and ${names} do not differ in the next two years`
      : `the days from ${day} on, when ${rule.id} and ${names} differ`;
  });
};
