// Which clock a broker keeps, and kept before. In: what its clock showed when it was compared with ours, the edges of its trading weeks
// over years, and the rules that were decided before. Out: one rule, composed where the broker moved, with how sure it is, the weeks
// that decided, those that contradict, and what would settle it. Pure: the same evidence gives the same answer.
//
// Each rule has a cost in each week (clock-fit). The cheapest way through all weeks that ends at a rule which fits the offset of today
// wins; a move to another rule costs as much as two weeks that contradict, so that holidays move nobody.
//
// A broker that opened by its own wall clock instead of the market's would show the same hours all year under any clock. Offsets that
// were measured in the weeks in which the rules differ contradict it; then nothing is inferred.

import { cheapestPath, type Path } from './cheapest-path.ts';
import { clockCandidates } from './clock-candidates.ts';
import { ClockFit, type SymbolEdges } from './clock-fit.ts';
import { type ClockMove, clockMoves, SPEAKS } from './clock-moves.ts';
import type { ClockRule, RulePiece } from './clock-rule.ts';
import type { OffsetSample } from './measure-offset.ts';
import { composeRule, parseClockRule } from './parse-clock-rule.ts';
import { weekStart } from './week-edges.ts';

export interface ClockEvidence {
  readonly nowUtcMs: number;
  /** Offsets of any time; those of the last days say how the clock stands today. */
  readonly samples: readonly OffsetSample[];
  readonly histories: readonly SymbolEdges[];
  /** Rules that were decided before; the one in force first. */
  readonly known: readonly string[];
}

/** `inferred`: the evidence leaves one rule. `provisional`: others fit it as well; `settles` says what would tell them apart. */
export type InferenceConfidence = 'inferred' | 'provisional';

/** Another rule that fits today, and the weeks (their Saturdays, `YYYY-MM-DD`) in which it fits worse and better. */
export interface Rival {
  readonly rule: string;
  readonly against: readonly string[];
  readonly for: readonly string[];
}

export interface ClockInference {
  readonly rule: ClockRule;
  readonly confidence: InferenceConfidence;
  /** The offset of today; null when nobody knows it. */
  readonly today: OffsetSample | null;
  readonly weeks: number;
  readonly rivals: readonly Rival[];
  /** Weeks in which the rule itself does not fit: holidays, mostly. */
  readonly contradicts: readonly string[];
  readonly moves: readonly ClockMove[];
  /** Sentences; empty when it is inferred. */
  readonly settles: readonly string[];
}

const DAY = 86_400_000;
const MOVE_COST = 2;
/** More than a move: a market that opens at a strange hour is not explained by one. */
const STRANGE_COST = 3;
/** An offset that is only stated may be a lie: it moves nobody either. */
const STATED_COST = 1.5;
/** So many weeks have to speak against a rival. */
const DECIDING_WEEKS = 2;
/** A rule that does not fit so large a part of the weeks explains nothing. */
const MOST_CONTRADICTED = 0.25;
const TODAY_DAYS = 6;
const LOOK_AHEAD_DAYS = 770;

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** The newest of the last days, a measured one before one that is only stated. */
const todayOf = ({ nowUtcMs, samples }: ClockEvidence): OffsetSample | null => {
  const recent = samples.filter(({ utcMs }) => Math.abs(nowUtcMs - utcMs) <= TODAY_DAYS * DAY);
  const newest = (of: readonly OffsetSample[]): OffsetSample | null =>
    of.reduce<OffsetSample | null>(
      (last, each) => (last === null || each.utcMs >= last.utcMs ? each : last),
      null,
    );
  return newest(recent.filter(({ source }) => source !== 'stated')) ?? newest(recent);
};

/** A rule that fits today, with the cheapest way to it through all weeks, and what each candidate costs beside it. */
interface Fit extends Path {
  readonly rule: ClockRule;
  /** Always so where the offset of today was measured. */
  readonly fitsToday: boolean;
  readonly opensAsUsual: boolean | null;
  /** By candidate and week. */
  readonly costs: readonly Float64Array[];
  readonly own: Float64Array;
}

const isMeasured = (sample: OffsetSample | null): boolean => sample !== null && sample.source !== 'stated';

const sameClock = (a: ClockRule, b: ClockRule, fromUtcMs: number, toUtcMs: number): boolean =>
  a.offsetAt(fromUtcMs) === b.offsetAt(fromUtcMs) &&
  JSON.stringify(a.switchesBetween(fromUtcMs, toUtcMs)) ===
    JSON.stringify(b.switchesBetween(fromUtcMs, toUtcMs));

/** The day on which two rules that agree now differ; null when they do not within two years. */
const apartFrom = (a: ClockRule, b: ClockRule, nowUtcMs: number): string | null => {
  for (let day = 0; day < LOOK_AHEAD_DAYS; day++) {
    const at = nowUtcMs + day * DAY;
    if (a.offsetAt(at) !== b.offsetAt(at)) return dayOf(at);
  }
  return null;
};

/** What is known of moves from before the evidence begins stays as it was decided. */
const olderPieces = (inForce: ClockRule | null, first: string, historyFrom: number): RulePiece[] => {
  const older = inForce?.pieces.filter(({ fromUtcMs }) => fromUtcMs < historyFrom) ?? [];
  const last = older.at(-1);
  return last === undefined
    ? [{ fromUtcMs: Number.NEGATIVE_INFINITY, rule: first }]
    : [...older.slice(0, -1), { ...last, rule: first }];
};

export const inferClock = (evidence: ClockEvidence): ClockInference => {
  const { histories, known, nowUtcMs, samples } = evidence;
  const today = todayOf(evidence);
  const inForce = known[0] === undefined ? null : parseClockRule(known[0]);
  const candidates = clockCandidates(today?.offsetS ?? null, known);
  const clockFit = new ClockFit(candidates, { histories, samples });
  const { weeks } = clockFit;
  const hours = candidates.map((_, i) => clockFit.underHoursOf(i));
  const fits = candidates.flatMap((rule, last): Fit[] => {
    const fitsToday = today === null || rule.offsetAt(today.utcMs) === today.offsetS;
    if (!fitsToday && isMeasured(today)) return [];
    // The hours of the market are told by the rule that held for most of the last year, which a broker may just have left.
    const ways = hours.map(({ costs, opensAsUsual }): Fit => {
      const { steps, total } = cheapestPath(costs, last, MOVE_COST);
      const strange = (opensAsUsual === false ? STRANGE_COST : 0) + (fitsToday ? 0 : STATED_COST);
      const own = costs[last] as Float64Array;
      return { rule, fitsToday, opensAsUsual, costs, own, steps, total: total + strange };
    });
    const own = ways[last] as Fit;
    return [ways.reduce((best, way) => (way.total < best.total ? way : best), own)];
  });
  const later = (fit: Fit): number => (inForce?.pieceAt(nowUtcMs) === fit.rule.id ? 0 : 1);
  const [best] = fits.toSorted((a, b) => a.total - b.total || later(a) - later(b)) as [Fit];
  const weekDay = (week: number): string => dayOf(weekStart(weeks.first + week));
  const { moves, lastFrom } = clockMoves(best, candidates, weeks.first);
  const historyFrom = weekStart(weeks.first);
  const rule = composeRule([
    ...olderPieces(inForce, moves[0]?.from ?? best.rule.id, historyFrom),
    ...moves.map(({ atUtcMs, to }) => ({ fromUtcMs: atUtcMs, rule: to })),
  ]);
  const untilUtcMs = nowUtcMs + LOOK_AHEAD_DAYS * DAY;
  const rivals = fits
    .filter(
      (fit) => fit !== best && fit.fitsToday && !sameClock(fit.rule, best.rule, historyFrom, untilUtcMs),
    )
    .map((fit): Rival => {
      const apart = [...best.own.keys()].filter((week) => week >= lastFrom);
      const by = (week: number): number => (fit.own[week] as number) - (best.own[week] as number);
      return {
        rule: fit.rule.id,
        against: apart.filter((week) => by(week) >= SPEAKS).map(weekDay),
        for: apart.filter((week) => -by(week) >= SPEAKS).map(weekDay),
      };
    });
  const contradicts = [...best.steps.keys()]
    .filter((week) => (best.costs[best.steps[week] as number]?.[week] as number) >= SPEAKS)
    .map(weekDay);
  const found = { rule, today, weeks: weeks.end - weeks.first, rivals, contradicts, moves };
  const settles = whatSettles(found, best, evidence);
  return { ...found, confidence: settles.length === 0 ? 'inferred' : 'provisional', settles };
};

const whatSettles = (
  found: Omit<ClockInference, 'confidence' | 'settles'>,
  best: Fit,
  { histories, nowUtcMs, samples }: ClockEvidence,
): string[] => {
  const { contradicts, rivals, rule, today, weeks } = found;
  const settles: string[] = [];
  if (today === null)
    settles.push('a clock that runs: nobody has compared the broker’s with UTC in the last days');
  else if (!isMeasured(today) && (best.opensAsUsual !== true || !best.fitsToday))
    settles.push(
      `ticks: the offset of today, ${today.offsetS} s, is only stated, and no weeks of the market confirm it`,
    );
  if (contradicts.length > weeks * MOST_CONTRADICTED)
    settles.push(`a more regular history: ${contradicts.length} of ${weeks} weeks fit no rule`);
  const denied = samples.find(
    (sample) => isMeasured(sample) && rule.offsetAt(sample.utcMs) !== sample.offsetS,
  );
  if (denied !== undefined)
    settles.push(
      `a person: on ${dayOf(denied.utcMs)} the broker's clock was measured at ${denied.offsetS} s from UTC, and its weeks say otherwise`,
    );
  // What came last counts most: it may be the first that is seen of a move.
  const undecided = rivals.filter(
    (rival) =>
      rival.against.length - rival.for.length < DECIDING_WEEKS ||
      (rival.for.at(-1) ?? '') > (rival.against.at(-1) ?? ''),
  );
  if (undecided.length === 0) return settles;
  if (!histories.some(({ edges }) => edges.length > 0))
    settles.push('hourly bars of a symbol that rests on weekends or at one hour of each day; there are none');
  const apart = undecided.map(({ rule }) => ({
    rule,
    day: apartFrom(best.rule, parseClockRule(rule), nowUtcMs),
  }));
  for (const [day, of] of Map.groupBy(apart, (each) => each.day)) {
    const names = of.map(({ rule }) => rule).join(', ');
    if (day !== null) settles.push(`the days from ${day} on, when ${best.rule.id} and ${names} differ`);
    else settles.push(`older history: ${best.rule.id} and ${names} do not differ in the next two years`);
  }
  return settles;
};
