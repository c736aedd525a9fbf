// When a broker moved from one clock to another. In: the cheapest way through the weeks, with the cost of each candidate. Out: the moves,
// each put in the middle of the weeks in which nothing tells the two rules apart, on a Saturday noon, when markets are shut: mostly the
// two say the same there, and then every instant of that time would do.

import type { ClockRule } from './clock-rule.ts';
import { weekOf, weekStart } from './week-edges.ts';

export interface ClockMove {
  readonly from: string;
  readonly to: string;
  /** When the new rule is taken to begin. */
  readonly atUtcMs: number;
  /** Up to here the old rule is seen, and from there on the new one. */
  readonly afterUtcMs: number;
  readonly beforeUtcMs: number;
}

/** A week speaks for one rule against another when its costs are so far apart. */
export const SPEAKS = 0.5;

export const clockMoves = (
  { costs, steps }: { costs: readonly Float64Array[]; steps: Uint16Array },
  candidates: readonly ClockRule[],
  firstWeek: number,
): { moves: ClockMove[]; lastFrom: number } => {
  const changes = [...steps.keys()].filter((week) => week > 0 && steps[week] !== steps[week - 1]);
  const moves = changes.map((week, i): ClockMove => {
    const from = steps[week - 1] as number;
    const to = steps[week] as number;
    const speaksFor = (one: number, other: number, at: number): boolean =>
      (costs[other]?.[at] as number) - (costs[one]?.[at] as number) >= SPEAKS;
    const start = changes[i - 1] ?? 0;
    const end = changes[i + 1] ?? steps.length;
    let after = week;
    while (after > start && !speaksFor(from, to, after - 1)) after--;
    let before = week;
    while (before < end - 1 && !speaksFor(to, from, before)) before++;
    const afterUtcMs = weekStart(firstWeek + after);
    const beforeUtcMs = weekStart(firstWeek + before);
    const atUtcMs = Math.max(afterUtcMs, weekStart(weekOf((afterUtcMs + beforeUtcMs) / 2)));
    return {
      from: (candidates[from] as ClockRule).id,
      to: (candidates[to] as ClockRule).id,
      atUtcMs,
      afterUtcMs,
      beforeUtcMs,
    };
  });
  return { moves, lastFrom: changes.at(-1) ?? 0 };
};
