// Infers which clock rule a broker uses, and used before. In: offsets measured against our clock, the edges of trading weeks over years, and rules
// decided earlier. Out: one rule, composed if the broker changed it, with its confidence, the weeks for and against, and what would settle it.
// Pure: the same evidence gives the same answer.
//
// Each rule has a cost per week (clock-fit). The cheapest path through all weeks that ends at a rule with today's offset wins. A change of rule
// costs as much as two contradicting weeks, so that holidays do not cause one.
//
// `inferred` requires weeks that open and close like the currency market under the rule or, if only exchanges are known, a running clock that
// was measured in months in which the rules differ. Everything else is `provisional`: acting on a wrong rule would move correct rows.

import { cheapestPaths, type Path } from './cheapest-path.ts';
import { clockCandidates } from './clock-candidates.ts';
import { ClockFit, shownByOpen, type SymbolEdges } from './clock-fit.ts';
import { type ClockMove, clockMove, CONTRADICTS, DECIDING_WEEKS, speaksFor } from './clock-moves.ts';
import type { ClockRule, RulePiece } from '../time/clock-rule.ts';
import { marketCloses, marketOpens } from './market-week.ts';
import type { OffsetSample } from './measure-offset.ts';
import { composeRule, parseClockRule } from '../time/parse-clock-rule.ts';
import { weekOf, weekStart } from './week-edges.ts';
import { whatSettles } from './what-settles.ts';
import { DAY_MS } from '../time/units.ts';

export interface ClockEvidence {
  readonly nowUtcMs: number;
  /** Offsets of any time; those of the last days give the offset today. */
  readonly samples: readonly OffsetSample[];
  readonly histories: readonly SymbolEdges[];
  /** Rules decided earlier; the one in force first. A composed rule only if it was inferred or set by hand. */
  readonly known: readonly string[];
}

/** `inferred`: the evidence leaves one rule. `provisional`: it does not, and `settles` says what would. */
export type InferenceConfidence = 'inferred' | 'provisional';

/** Another rule with today's offset, and the weeks (their Saturdays, `YYYY-MM-DD`) in which it fits worse and better. */
export interface Rival {
  readonly rule: string;
  readonly against: readonly string[];
  readonly for: readonly string[];
}

export interface ClockInference {
  readonly rule: ClockRule;
  readonly confidence: InferenceConfidence;
  /** The offset today; null if unknown. */
  readonly today: OffsetSample | null;
  /** Weeks with an edge. */
  readonly weeks: number;
  /** The closest first. */
  readonly rivals: readonly Rival[];
  /** Weeks in which the rule does not fit, mostly holidays. */
  readonly contradicts: readonly string[];
  readonly moves: readonly ClockMove[];
  /** Sentences; empty if the rule is inferred. */
  readonly settles: readonly string[];
}

const MOVE_COST = 2;
/** An offset that is only stated may be wrong; it must not cause a change of rule. */
const STATED_COST = 1.5;
const TODAY_DAYS = 6;
const LOOK_AHEAD_DAYS = 770;

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** The newest offset of the last days; measured ones take precedence over stated ones. */
const todayOf = ({ nowUtcMs, samples }: ClockEvidence): OffsetSample | null => {
  const recent = samples.filter(({ utcMs }) => Math.abs(nowUtcMs - utcMs) <= TODAY_DAYS * DAY_MS);
  const newest = (of: readonly OffsetSample[]): OffsetSample | null =>
    of.reduce<OffsetSample | null>(
      (last, each) => (last === null || each.utcMs >= last.utcMs ? each : last),
      null,
    );
  return newest(recent.filter(({ source }) => source !== 'stated')) ?? newest(recent);
};

/** A rule with today's offset, and the cheapest path to it through all weeks. */
interface Way extends Path {
  readonly rule: ClockRule;
  /** Always so where the offset of today was measured. */
  readonly fitsToday: boolean;
}

export const inferClock = (evidence: ClockEvidence): ClockInference => {
  const { histories, known, nowUtcMs } = evidence;
  const today = todayOf(evidence);
  const measured = today !== null && today.source !== 'stated';
  const fit = new ClockFit(evidence);
  const fromUtcMs = fit.weeks.end === 0 ? nowUtcMs : weekStart(fit.weeks.first);
  const untilUtcMs = nowUtcMs + LOOK_AHEAD_DAYS * DAY_MS;
  const open = measured ? undefined : histories.map(shownByOpen).find((each) => each !== null);
  const shown = [today, open].filter((each) => each !== null && each !== undefined);
  const inForce = known[0] === undefined ? null : parseClockRule(known[0]).pieceAt(nowUtcMs);
  const fitsToday = (rule: ClockRule): boolean =>
    today === null || rule.offsetAt(today.utcMs) === today.offsetS;
  const currencies = fit.kind === 'currencies';
  const candidates = clockCandidates({ shown, known, fromUtcMs, untilUtcMs }).filter(
    (rule) => currencies || fitsToday(rule),
  );
  // The local clock of an exchange is unknown, so a change of rule would explain everything.
  const wayTo = cheapestPaths(
    candidates.map((rule) => fit.of(rule).costs),
    currencies ? MOVE_COST : Number.POSITIVE_INFINITY,
  );
  const ways = candidates.flatMap((rule, last): Way[] => {
    const fits = fitsToday(rule);
    if (!fits && measured) return [];
    const { steps, total } = wayTo(last);
    return [{ rule, fitsToday: fits, steps, total: total + (fits ? 0 : STATED_COST) }];
  });
  const later = ({ rule }: Way): number => (inForce === rule.pieceAt(nowUtcMs) ? 0 : 1);
  const [best] = ways.toSorted((a, b) => a.total - b.total || later(a) - later(b)) as [Way];

  const { moves, pieces, lastFrom } = movesOf(best, candidates, fit);
  const rule = composeRule(pieces);
  const weekDay = (week: number): string => dayOf(weekStart(fit.weeks.first + week));
  const weeks = Array.from({ length: fit.weeks.end - fit.weeks.first }, (_, week) => week);
  const since = weeks.filter((week) => week >= lastFrom);
  const lastWeek = weekOf(untilUtcMs);
  const rivals = ways
    .filter((way) => way !== best && way.fitsToday)
    .filter((way) => !alike(way.rule, best.rule, fit.weeks.first + lastFrom, lastWeek))
    .map((way) => {
      const speaks = since.map((week) => speaksFor(fit, best.rule, way.rule, week));
      const told = (sign: number): string[] =>
        since.filter((_, i) => Math.sign(speaks[i] as number) === sign).map(weekDay);
      const rival: Rival = { rule: way.rule.id, against: told(1), for: told(-1) };
      const margin = speaks.reduce((sum, each) => sum + each, 0);
      // The newest week counts most: it may be the first after a change.
      const closer = (rival.for.at(-1) ?? '') > (rival.against.at(-1) ?? '');
      return { rival, margin, rule: way.rule, undecided: margin < DECIDING_WEEKS || closer };
    })
    .toSorted((a, b) => a.margin - b.margin);
  const { costs: own } = fit.of(rule);
  const found = {
    rule,
    today,
    weeks: fit.seen,
    rivals: rivals.map(({ rival }) => rival),
    contradicts: weeks.filter((week) => (own[week] as number) >= CONTRADICTS).map(weekDay),
    moves,
  };
  const settles = whatSettles({
    ...found,
    fit,
    nowUtcMs,
    samples: evidence.samples
      .filter(({ source }) => source !== 'stated')
      .toSorted((a, b) => a.utcMs - b.utcMs),
    fitsToday: best.fitsToday,
    newestFits: (own[fit.newest] as number) < CONTRADICTS,
    setOtherwise: fit.setOtherwise(rule).map(weekDay),
    undecided: rivals.filter(({ undecided }) => undecided).map((rival) => rival.rule),
  });
  return { ...found, confidence: settles.length === 0 ? 'inferred' : 'provisional', settles };
};

/** True if two rules have the same offset at every open and close of the market between two weeks. */
const alike = (a: ClockRule, b: ClockRule, first: number, last: number): boolean => {
  for (let week = first; week <= last; week++)
    for (const utcMs of [marketOpens(week), marketCloses(week)])
      if (a.offsetAt(utcMs) !== b.offsetAt(utcMs)) return false;
  return true;
};

/** The changes of rule within the weeks: those of the path, and those decided earlier. */
const movesOf = (
  { rule: last, steps }: Way,
  candidates: readonly ClockRule[],
  fit: ClockFit,
): { moves: ClockMove[]; pieces: RulePiece[]; lastFrom: number } => {
  const { end, first } = fit.weeks;
  const changes = [...steps.keys()].filter((week) => week > 0 && steps[week] !== steps[week - 1]);
  const ruleIn = (week: number): ClockRule => candidates[steps[week] as number] as ClockRule;
  const found = changes.map((at, i) => {
    const of = { from: changes[i - 1] ?? 0, at, to: changes[i + 1] ?? steps.length };
    if (changes.length === 1) return clockMove(fit, ruleIn(at - 1), ruleIn(at), of, null);
    // Two changes within a few years are implausible, so they are not proven.
    return { ...clockMove(fit, ruleIn(at - 1), ruleIn(at), of, weekStart(first + at)), proven: false };
  });
  const bounds = [Number.NEGATIVE_INFINITY, ...found.map(({ atUtcMs }) => atUtcMs), Number.POSITIVE_INFINITY];
  const rules = [...changes.map((at) => ruleIn(at - 1)), last];
  const pieces = rules.flatMap((rule, i) => {
    const [from, to] = [bounds[i] as number, bounds[i + 1] as number];
    return rule.pieces
      .filter(({ fromUtcMs }, n) => fromUtcMs < to && (rule.pieces[n + 1]?.fromUtcMs ?? to) > from)
      .map((piece) => ({ ...piece, fromUtcMs: Math.max(piece.fromUtcMs, from) }));
  });
  const weekAt = (piece: RulePiece | undefined, otherwise: number): number =>
    piece === undefined ? otherwise : Math.min(Math.max(weekOf(piece.fromUtcMs) - first, 0), end - first);
  const decided = pieces.flatMap((piece, i) => {
    const [before, at] = [pieces[i - 1], weekAt(piece, 0)];
    const isFound = found.some(({ atUtcMs }) => atUtcMs === piece.fromUtcMs);
    if (before === undefined || isFound || at === 0) return [];
    const of = { from: weekAt(before, 0), at, to: weekAt(pieces[i + 1], end - first) };
    return [clockMove(fit, parseClockRule(before.rule), parseClockRule(piece.rule), of, piece.fromUtcMs)];
  });
  const moves = [...found, ...decided].toSorted((a, b) => a.atUtcMs - b.atUtcMs);
  return {
    moves,
    pieces,
    lastFrom: Math.max(changes.at(-1) ?? 0, pieces.length > 1 ? weekAt(pieces.at(-1), 0) : 0),
  };
};
