// How well clock rules fit the edges of trading weeks, week by week. The market opens, closes and rests by New York's clock, so under the
// right rule a symbol's edges stand at one New York hour all year; under a wrong one they jump in the weeks in which the two differ.
// In: rules, edges, measured offsets. Out: for each rule taken as the one that tells the market's hours, the cost of every rule in every
// week: 0 everything agrees, 1 nothing does.

import type { ClockRule } from './clock-rule.ts';
import type { OffsetSample } from './measure-offset.ts';
import { parseClockRule } from './parse-clock-rule.ts';
import type { BrokerMs } from '../time.ts';
import { weekOf, type WeekEdge } from './week-edges.ts';

export interface SymbolEdges {
  readonly symbol: string;
  readonly edges: readonly WeekEdge[];
}

/** The weeks that anything is known of; none: `end` is `first`. */
export interface WeekRange {
  readonly first: number;
  /** Exclusive. */
  readonly end: number;
}

export interface MarketHours {
  /** By rule and week. */
  readonly costs: readonly Float64Array[];
  /** Weeks open at an hour at which currencies or metals do; null where no symbol's weeks open. */
  readonly opensAsUsual: boolean | null;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** The usual hours of a market are those of its last year. */
const USUAL_WEEKS = 52;
/** An offset that was measured weighs more than a week's edges, which holidays move. */
const SAMPLE_COST = 2;
/** Currencies open on Sunday at 17:00, metals an hour later. */
const USUAL_OPENS: readonly number[] = [17 * HOUR, 18 * HOUR];

const newYork = parseClockRule('America/New_York');

/** New York's time of the day at a broker time, in milliseconds. */
const newYorkTime = (broker: BrokerMs, rule: ClockRule): number => {
  const { ms } = rule.read(broker, { pass: 1 });
  const local = ms + newYork.offsetAt(ms) * 1000;
  return ((local % DAY) + DAY) % DAY;
};

const mostFrequent = (times: readonly number[]): number => {
  const groups = [...Map.groupBy(times, (time) => time)].map(([time, all]) => ({ time, count: all.length }));
  return groups.reduce((most, each) => (each.count >= most.count ? each : most)).time;
};

const sampleWeek = ({ offsetS, utcMs }: OffsetSample): number => weekOf(utcMs + offsetS * 1000);

/** Edges of one symbol and kind, and New York's time at each under every rule. */
interface Series {
  readonly opens: boolean;
  readonly weeks: readonly number[];
  readonly times: readonly (readonly number[])[];
}

export class ClockFit {
  readonly weeks: WeekRange;
  readonly #rules: readonly ClockRule[];
  readonly #samples: readonly OffsetSample[];
  readonly #series: readonly Series[];

  constructor(
    rules: readonly ClockRule[],
    { histories, samples }: { histories: readonly SymbolEdges[]; samples: readonly OffsetSample[] },
  ) {
    this.#rules = rules;
    this.#samples = samples.filter(({ source }) => source !== 'stated');
    this.#series = histories.flatMap(({ edges }) =>
      [...Map.groupBy(edges, ({ kind }) => kind)].map(([kind, of]) => ({
        opens: kind === 'open',
        weeks: of.map(({ week }) => week),
        times: rules.map((rule) => of.map((edge) => newYorkTime(edge.brokerMs, rule))),
      })),
    );
    const all = [...this.#series.flatMap(({ weeks }) => weeks), ...this.#samples.map(sampleWeek)];
    const first = all.reduce((least, week) => Math.min(least, week), Number.POSITIVE_INFINITY);
    const last = all.reduce((most, week) => Math.max(most, week), Number.NEGATIVE_INFINITY);
    this.weeks = all.length === 0 ? { first: 0, end: 0 } : { first, end: last + 1 };
  }

  /** The costs of all rules, when the market keeps the hours that it has under one of them. */
  underHoursOf(rule: number): MarketHours {
    const anchors = this.#series.map(({ times }) => mostFrequent((times[rule] ?? []).slice(-USUAL_WEEKS)));
    const opens = anchors.filter((_, i) => this.#series[i]?.opens === true);
    return {
      costs: this.#rules.map((each, i) => this.#costs(each, i, anchors)),
      opensAsUsual: opens.length === 0 ? null : opens.every((time) => USUAL_OPENS.includes(time)),
    };
  }

  #costs(rule: ClockRule, at: number, anchors: readonly number[]): Float64Array {
    const { first, end } = this.weeks;
    const edges = new Float64Array(end - first);
    const wrong = new Float64Array(end - first);
    for (const [i, { times, weeks }] of this.#series.entries()) {
      const shown = times[at] as readonly number[];
      for (const [n, week] of weeks.entries()) {
        edges[week - first] = (edges[week - first] as number) + 1;
        if (shown[n] !== anchors[i]) wrong[week - first] = (wrong[week - first] as number) + 1;
      }
    }
    const costs = wrong.map((count, week) => (count === 0 ? 0 : count / (edges[week] as number)));
    for (const sample of this.#samples) {
      if (rule.offsetAt(sample.utcMs) === sample.offsetS) continue;
      const week = sampleWeek(sample) - first;
      costs[week] = (costs[week] as number) + SAMPLE_COST;
    }
    return costs;
  }
}
