// When a broker changed from one clock rule to another, and whether that is proven. In: two rules, their weeks, and how each fits. Out: the change.
// It is placed on a Saturday noon, when markets are shut, in the middle of the weeks in which the rules cannot be distinguished. In those weeks
// both usually have the same offset, so the exact instant does not matter.

import type { ClockFit } from './clock-fit.ts';
import type { ClockRule } from '../time/clock-rule.ts';
import { marketCloses, marketOpens } from './market-week.ts';
import { weekOf, weekStart } from './week-edges.ts';

export interface ClockMove {
  readonly from: string;
  readonly to: string;
  /** When the new rule is taken to begin. */
  readonly atUtcMs: number;
  /** The old rule is seen up to `afterUtcMs`, the new one from `beforeUtcMs`. */
  readonly afterUtcMs: number;
  readonly beforeUtcMs: number;
  /** Both rules were seen, and no week between them depends on a guess. */
  readonly proven: boolean;
}

/** A week favours one of two rules if their costs differ by this much. */
export const SPEAKS = 0.25;
/** How many weeks must favour a rule. A running clock measured in one of them counts as two. */
export const DECIDING_WEEKS = 2;
/** A week with this cost contradicts the rule. */
export const CONTRADICTS = 0.5;

/** How much a week favours one rule over another; negative: the other one. */
export const speaksFor = (fit: ClockFit, one: ClockRule, other: ClockRule, week: number): number => {
  const apart = (fit.of(other).tells[week] as number) - (fit.of(one).tells[week] as number);
  const size = Math.abs(apart);
  return size < SPEAKS ? 0 : Math.sign(apart) * (size > 1 ? DECIDING_WEEKS : 1);
};

/** Weeks of the fit, `[from, at)` of the old rule and `[at, to)` of the new one. */
export interface MoveWeeks {
  readonly from: number;
  readonly at: number;
  readonly to: number;
}

/** `decidedUtcMs`: null if the instant was not decided earlier. */
export const clockMove = (
  fit: ClockFit,
  old: ClockRule,
  next: ClockRule,
  { at, from, to }: MoveWeeks,
  decidedUtcMs: number | null,
): ClockMove => {
  const { first } = fit.weeks;
  let after = at;
  while (after > from && speaksFor(fit, old, next, after - 1) <= 0) after--;
  let before = at;
  while (before < to - 1 && speaksFor(fit, next, old, before) <= 0) before++;
  const afterUtcMs = weekStart(first + after);
  const beforeUtcMs = weekStart(first + before);
  const middle = Math.max(afterUtcMs, weekStart(weekOf((afterUtcMs + beforeUtcMs) / 2)));
  const atUtcMs = decidedUtcMs ?? middle;
  const differ = (week: number): boolean =>
    [marketOpens(first + week), marketCloses(first + week)].some(
      (utcMs) => old.offsetAt(utcMs) !== next.offsetAt(utcMs),
    );
  const weeks = (begin: number, end: number): number[] =>
    Array.from({ length: Math.max(0, end - begin) }, (_, i) => begin + i);
  const told = (one: ClockRule, other: ClockRule, of: readonly number[]): number =>
    of.reduce((sum, week) => sum + speaksFor(fit, one, other, week), 0);
  const apart = weeks(from, at).filter(differ);
  const oldIsSeen =
    told(old, next, weeks(from, at)) >= DECIDING_WEEKS ||
    // Of a change decided long ago, only its last weeks may be left.
    (decidedUtcMs !== null && apart.every((week) => speaksFor(fit, old, next, week) > 0));
  const proven =
    oldIsSeen &&
    told(next, old, weeks(at, to)) >= DECIDING_WEEKS &&
    !weeks(after, before).some(differ) &&
    (after === from || (fit.of(old).costs[after - 1] as number) < CONTRADICTS) &&
    (fit.of(next).costs[before] as number) < CONTRADICTS;
  return {
    from: old.pieceAt(atUtcMs - 1),
    to: next.pieceAt(atUtcMs),
    atUtcMs,
    afterUtcMs,
    beforeUtcMs,
    proven,
  };
};
