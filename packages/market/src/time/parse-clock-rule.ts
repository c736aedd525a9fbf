// Reads and spells clock rules. In: `America/New_York+7h`, `Europe/Athens`, `UTC+3h`, or several with the instant of each change between them:
// `Europe/Athens until 2025-06-07T12:00Z then America/New_York+7h`. Out: one shared object per rule.

import { clockOffset } from './clock-offset.ts';
import { ClockRule, type RulePiece } from './clock-rule.ts';
import type { UtcMs } from './time.ts';
import { type OffsetInterval, zoneIntervals } from './zone-transitions.ts';
import { MINUTE_MS } from './units.ts';

const SIMPLE = /^([A-Za-z]+(?:\/[A-Za-z0-9_+-]+?)*?)(?:([+-])(\d{1,2})h(?:(\d{1,2})m)?)?$/;
const MOVE = / +until +(\S+) +then +/;
const INSTANT = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2})(?::00(?:\.0+)?)?Z$/;

/** Thrown for a text that is not a clock rule. */
export class ClockRuleError extends Error {
  readonly code = 'CLOCK_RULE_INVALID';
}

const cache = new Map<string, ClockRule>();

const spellShift = (shiftS: number): string => {
  if (shiftS === 0) return '';
  const minutes = Math.abs(shiftS) / 60;
  const rest = minutes % 60 === 0 ? '' : `${minutes % 60}m`;
  return `${shiftS < 0 ? '-' : '+'}${Math.floor(minutes / 60)}h${rest}`;
};

const spellInstant = (utcMs: number): string => `${new Date(utcMs).toISOString().slice(0, 16)}Z`;

const readInstant = (text: string): number => {
  const match = INSTANT.exec(text);
  const utcMs = match === null ? Number.NaN : Date.parse(`${match[1]}Z`);
  if (match === null || Number.isNaN(utcMs) || spellInstant(utcMs) !== `${match[1]}Z`)
    throw new ClockRuleError(`"${text}" is not an instant such as 2025-06-07T12:00Z`);
  return utcMs;
};

const buildRule = (zone: string, shiftS: number): ClockRule => {
  if (zone.toUpperCase() === 'UTC') {
    const all = { fromUtcMs: Number.NEGATIVE_INFINITY, toUtcMs: Number.POSITIVE_INFINITY, offsetS: shiftS };
    return new ClockRule(`UTC${spellShift(shiftS)}`, [all]);
  }
  let intervals: OffsetInterval[];
  try {
    intervals = zoneIntervals(zone);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new ClockRuleError(`"${zone}" is not a time zone of the IANA list`, { cause });
  }
  const shifted = intervals.map((interval) => ({ ...interval, offsetS: interval.offsetS + shiftS }));
  return new ClockRule(`${zone}${spellShift(shiftS)}`, shifted);
};

const parseSimple = (text: string): ClockRule => {
  const known = cache.get(text);
  if (known !== undefined) return known;
  const match = SIMPLE.exec(text);
  const zone = match?.[1];
  if (match === null || zone === undefined) {
    throw new ClockRuleError(`"${text}" is not a clock rule such as America/New_York+7h or UTC+3h`);
  }
  const minutes = Number(match[3] ?? 0) * 60 + Number(match[4] ?? 0);
  if (minutes > 15 * 60 || Number(match[4] ?? 0) > 59)
    throw new ClockRuleError(`the shift of "${text}" is beyond 15 hours`);
  return kept(text, buildRule(zone, (match[2] === '-' ? -1 : 1) * minutes * 60));
};

/** Composes a rule of pieces in order, each from its instant on; the first holds for all earlier times. Throws ClockRuleError. */
export const composeRule = (pieces: readonly RulePiece[]): ClockRule => {
  const parts: { fromUtcMs: number; rule: ClockRule }[] = [];
  for (const { fromUtcMs, rule: text } of pieces) {
    const rule = parseSimple(text);
    const before = parts.at(-1);
    if (before === undefined) parts.push({ fromUtcMs: Number.NEGATIVE_INFINITY, rule });
    else if (fromUtcMs <= before.fromUtcMs || fromUtcMs % MINUTE_MS !== 0)
      throw new ClockRuleError('the changes of a clock rule must be whole minutes in order of time');
    else if (before.rule.id !== rule.id) parts.push({ fromUtcMs, rule });
  }
  const [first, ...moved] = parts;
  if (first === undefined) throw new ClockRuleError('a clock rule needs at least one piece');
  if (moved.length === 0) return first.rule;
  const intervals: OffsetInterval[] = [];
  for (const [i, { fromUtcMs, rule }] of parts.entries()) {
    const untilUtcMs = parts[i + 1]?.fromUtcMs ?? Number.POSITIVE_INFINITY;
    for (const each of rule.intervals) {
      const from = Math.max(each.fromUtcMs, fromUtcMs);
      const to = Math.min(each.toUtcMs, untilUtcMs);
      if (from >= to) continue;
      const last = intervals.at(-1);
      if (last?.offsetS === each.offsetS) intervals[intervals.length - 1] = { ...last, toUtcMs: to };
      else intervals.push({ fromUtcMs: from, toUtcMs: to, offsetS: each.offsetS });
    }
  }
  const id = moved.reduce(
    (text, { fromUtcMs, rule }) => `${text} until ${spellInstant(fromUtcMs)} then ${rule.id}`,
    first.rule.id,
  );
  return kept(
    id,
    new ClockRule(
      id,
      intervals,
      parts.map(({ fromUtcMs, rule }) => ({ fromUtcMs, rule: rule.id })),
    ),
  );
};

/** Returns the first object of rules with the same id, so that equal texts give the same object. */
const kept = (text: string, rule: ClockRule): ClockRule => {
  const shared = cache.get(rule.id) ?? rule;
  cache.set(rule.id, shared);
  cache.set(text, shared);
  return shared;
};

/** Reads a rule. Rules are shared: the same text gives the same object. Throws ClockRuleError (CLOCK_RULE_INVALID). */
export const parseClockRule = (text: string): ClockRule => {
  const known = cache.get(text);
  if (known !== undefined) return known;
  const [first, ...rest] = text.trim().split(MOVE) as [string, ...string[]];
  if (rest.length === 0) return kept(text, parseSimple(first));
  const pieces: RulePiece[] = [{ fromUtcMs: Number.NEGATIVE_INFINITY, rule: first }];
  for (let i = 0; i < rest.length; i += 2)
    pieces.push({ fromUtcMs: readInstant(rest[i] as string), rule: rest[i + 1] as string });
  return kept(text, composeRule(pieces));
};

/** A fixed rule for an offset in seconds east of UTC, in whole minutes. */
export const fixedRule = (offsetS: number): ClockRule =>
  parseClockRule(`UTC${spellShift(Math.round(offsetS / 60) * 60)}`);

/** Most brokers put their midnight at 17:00 in New York. */
const USUAL = 'America/New_York+7h';

/**
 * The rule to start with, from today's offset as `/ServerTimezone` states it: New York + 7 h if that fits, else Eastern European time, else the
 * fixed offset. If the stated value is not a valid offset, New York + 7 h.
 */
export const defaultRule = (statedS: number, now: UtcMs): ClockRule => {
  const offsetS = clockOffset(statedS);
  if (offsetS === null) return parseClockRule(USUAL);
  const fits = [USUAL, 'Europe/Athens'].find((text) => parseClockRule(text).offsetAt(now) === offsetS);
  return fits === undefined ? fixedRule(offsetS) : parseClockRule(fits);
};
