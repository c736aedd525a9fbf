// How well a clock rule fits the edges of trading weeks, week by week. The market opens, closes and rests by New York's clock, so under the
// right rule a symbol's edges stand at one New York hour all year; under a wrong one they jump in the weeks in which the two differ.
// In: edges, measured offsets, a rule. Out: a cost per week: 0 everything agrees, 1 nothing does.

import type { ClockRule } from './clock-rule.ts';
import type { OffsetSample } from './measure-offset.ts';
import { parseClockRule } from './parse-clock-rule.ts';
import type { BrokerMs } from '../time.ts';
import { type EdgeKind, weekOf, type WeekEdge } from './week-edges.ts';

export interface SymbolEdges {
  readonly symbol: string;
  readonly edges: readonly WeekEdge[];
}

/** New York's hour of the day, in milliseconds, at which a symbol opens, closes or rests. By `anchorKey`. */
export type Anchors = ReadonlyMap<string, number>;

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** A market's usual hours are those of its last weeks. */
const ANCHOR_WEEKS = 8;
/** An offset that was measured weighs more than a week's edges, which holidays move. */
const SAMPLE_COST = 2;
/** Currencies open on Sunday at 17:00, metals an hour later. */
const USUAL_OPENS: readonly number[] = [17 * HOUR, 18 * HOUR];

const newYork = parseClockRule('America/New_York');

const anchorKey = (symbol: string, kind: EdgeKind): string => `${symbol}|${kind}`;

export const newYorkTime = (broker: BrokerMs, rule: ClockRule): number => {
  const { ms } = rule.read(broker, { pass: 1 });
  const local = ms + newYork.offsetAt(ms) * 1000;
  return ((local % DAY) + DAY) % DAY;
};

const mostFrequent = (times: readonly number[]): number => {
  const groups = [...Map.groupBy(times, (time) => time)].map(([time, all]) => ({ time, count: all.length }));
  const best = groups.reduce((most, each) => (each.count >= most.count ? each : most));
  return best.time;
};

/** The usual hours under a rule, from the last weeks of each symbol. */
export const anchorsUnder = (rule: ClockRule, histories: readonly SymbolEdges[]): Anchors => {
  const anchors = new Map<string, number>();
  for (const { symbol, edges } of histories) {
    for (const [kind, of] of Map.groupBy(edges, (edge) => edge.kind)) {
      const recent = of.slice(-ANCHOR_WEEKS).map((edge) => newYorkTime(edge.brokerMs, rule));
      anchors.set(anchorKey(symbol, kind), mostFrequent(recent));
    }
  }
  return anchors;
};

/** Null where no symbol has a weekly open; else whether the weeks open at the hours at which currencies or metals do. */
export const opensAsUsual = (anchors: Anchors): boolean | null => {
  const opens = [...anchors].filter(([key]) => key.endsWith('|open')).map(([, time]) => time);
  return opens.length === 0 ? null : opens.some((time) => USUAL_OPENS.includes(time));
};

export interface WeekRange {
  readonly first: number;
  /** Exclusive. */
  readonly end: number;
}

const sampleWeek = ({ offsetS, utcMs }: OffsetSample): number => weekOf(utcMs + offsetS * 1000);

/** The weeks that anything is known of; null when nothing is. */
export const weeksKnown = (
  histories: readonly SymbolEdges[],
  samples: readonly OffsetSample[],
): WeekRange | null => {
  let first = Number.POSITIVE_INFINITY;
  let end = Number.NEGATIVE_INFINITY;
  const weeks = [
    ...histories.flatMap(({ edges }) => edges.map(({ week }) => week)),
    ...samples.map(sampleWeek),
  ];
  for (const week of weeks) {
    first = Math.min(first, week);
    end = Math.max(end, week + 1);
  }
  return first < end ? { first, end } : null;
};

/** Cost of a rule by week of the range. */
export const weekCosts = (
  rule: ClockRule,
  anchors: Anchors,
  o: { histories: readonly SymbolEdges[]; samples: readonly OffsetSample[]; weeks: WeekRange },
): Float64Array => {
  const size = o.weeks.end - o.weeks.first;
  const edges = new Float64Array(size);
  const wrong = new Float64Array(size);
  for (const { symbol, edges: of } of o.histories) {
    for (const { brokerMs, kind, week } of of) {
      const at = week - o.weeks.first;
      edges[at] = (edges[at] as number) + 1;
      if (newYorkTime(brokerMs, rule) !== anchors.get(anchorKey(symbol, kind)))
        wrong[at] = (wrong[at] as number) + 1;
    }
  }
  const costs = wrong.map((count, at) => (count === 0 ? 0 : count / (edges[at] as number)));
  for (const sample of o.samples) {
    if (sample.source === 'stated' || rule.offsetAt(sample.utcMs) === sample.offsetS) continue;
    const at = sampleWeek(sample) - o.weeks.first;
    costs[at] = (costs[at] as number) + SAMPLE_COST;
  }
  return costs;
};
