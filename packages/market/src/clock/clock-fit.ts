// How well clock rules fit the opens and closes of trading weeks. In: rules, week edges in broker time, and measured offsets. Out: for each rule
// and week a cost (0: everything agrees, 1: nothing does), which part of it distinguishes rules, and weeks in which the clock was set
// otherwise, as opposed to holidays.
//
// Currencies and metals trade in the same week all over the world, so their edges show the offset of each week. An exchange opens by an unknown
// local clock: for any broker rule, some place keeps such hours. Its edges can contradict a rule but not prove one. Symbols that trade on
// weekends have no edges.

import { clockOffset } from '../time/clock-offset.ts';
import type { ClockRule } from '../time/clock-rule.ts';
import { marketCloses, marketOpens } from './market-week.ts';
import type { OffsetSample } from './measure-offset.ts';
import { parseClockRule } from '../time/parse-clock-rule.ts';
import { type WeekEdge, weekOf } from './week-edges.ts';
import { HOUR_MS, HOUR_S } from '../time/units.ts';

export interface SymbolEdges {
  readonly symbol: string;
  readonly edges: readonly WeekEdge[];
}

/** The weeks with evidence; empty if `end` equals `first`. */
export interface WeekRange {
  readonly first: number;
  /** Exclusive. */
  readonly end: number;
}

/** How the symbols trade. `none`: all of them also trade on weekends. */
export type MarketKind = 'currencies' | 'exchanges' | 'none';

const WEEK_H = 168;
/** A measured offset counts more than the edges of a week, which holidays move. */
const SAMPLE_COST = 2;
/** How long currencies pause over a weekend; metals pause an hour longer, and a clock with half-hour offsets hides an hour. */
const CURRENCY_WEEKEND_H = 48;
/** An exchange is compared with its hours of the last year. */
const USUAL_WEEKS = 52;
/** No clock is set wrong by more. A holiday moves an edge by more, or moves only one edge. */
const MOST_SET_H = 3;
/** Clocks of exchanges: one per summer-time rule. */
const EXCHANGE_CLOCKS = [
  'UTC',
  'America/New_York',
  'Europe/London',
  'Australia/Sydney',
  'Pacific/Auckland',
  'America/Santiago',
  'Asia/Jerusalem',
  'Africa/Cairo',
];

const mostFrequent = (values: readonly number[]): number | null => {
  const groups = [...Map.groupBy(values, (value) => value)].toSorted(([, a], [, b]) => b.length - a.length);
  return groups[0]?.[0] ?? null;
};

/** The usual length of a weekend in hours of the wall clock; null if the symbol has none. */
export const weekendOf = ({ edges }: SymbolEdges): number | null => {
  const closes = new Map(
    edges.flatMap(({ brokerMs, kind, week }) => (kind === 'close' ? [[week, brokerMs]] : [])),
  );
  return mostFrequent(
    edges.flatMap(({ brokerMs, kind, week }) => {
      const close = kind === 'open' ? closes.get(week - 1) : undefined;
      return close === undefined ? [] : [(brokerMs - close) / HOUR_MS];
    }),
  );
};

const tradesLikeCurrencies = (weekendH: number | null): boolean =>
  weekendH !== null && Math.abs(weekendH - CURRENCY_WEEKEND_H) <= 1;

/** The offset shown by the newest open of a symbol; null if it does not trade like currencies. */
export const shownByOpen = (symbol: SymbolEdges): { utcMs: number; offsetS: number } | null => {
  const weekendH = weekendOf(symbol);
  const open = symbol.edges.findLast(({ kind }) => kind === 'open');
  if (weekendH === null || open === undefined || !tradesLikeCurrencies(weekendH)) return null;
  const utcMs = marketOpens(open.week) + (weekendH - CURRENCY_WEEKEND_H) * HOUR_MS;
  const offsetS = clockOffset((open.brokerMs - utcMs) / 1000);
  return offsetS === null ? null : { utcMs, offsetS };
};

/** By how many hours each edge differs from its market, in the order of the edges; NaN if no market has such a week. */
type Misses = readonly number[];

/** A symbol that rests on weekends, with the open or close of the currency market for each edge. */
interface Resting {
  readonly symbol: SymbolEdges;
  readonly weekendH: number;
  readonly market: readonly number[];
}

const missesOfCurrency = ({ market, symbol, weekendH }: Resting, rule: ClockRule): Misses => {
  const halfHours = rule.offsetAt(market[0] ?? 0) % HOUR_S === 0 ? 0 : 1;
  const lateH = weekendH + halfHours - CURRENCY_WEEKEND_H;
  return symbol.edges.map(({ brokerMs, kind }, i) => {
    if (lateH !== 0 && lateH !== 1) return Number.NaN;
    const utcMs = market[i] as number;
    const missesH = (brokerMs - utcMs - rule.offsetAt(utcMs) * 1000) / HOUR_MS;
    // A bar holds the open, and ends after the close, by less than its length.
    return kind === 'open' ? Math.ceil(missesH) - lateH : Math.floor(missesH);
  });
};

const exchangeClocks = EXCHANGE_CLOCKS.map(parseClockRule);

/** Under the exchange clock that explains the edges best, if the broker's clock has this rule. */
const missesOfExchange = ({ symbol: { edges } }: Resting, rule: ClockRule): Misses => {
  const utc = edges.map(({ brokerMs }) => rule.read(brokerMs, { fold: 1 }).ms);
  const under = exchangeClocks.map((clock) => {
    const hours = utc.map((ms) => ((ms + clock.offsetAt(ms) * 1000) / HOUR_MS) % WEEK_H);
    const usual = { open: 0, close: 0 };
    for (const kind of ['open', 'close'] as const)
      usual[kind] = mostFrequent(hours.filter((_, i) => edges[i]?.kind === kind).slice(-USUAL_WEEKS)) ?? 0;
    return hours.map((hour, i) => {
      const misses = (hour - usual[(edges[i] as WeekEdge).kind] + WEEK_H) % WEEK_H;
      return misses > WEEK_H / 2 ? misses - WEEK_H : misses;
    });
  });
  return under.reduce((best, each) => (missed(each) < missed(best) ? each : best));
};

const sampleWeek = ({ offsetS, utcMs }: OffsetSample): number => weekOf(utcMs + offsetS * 1000);

/** Misses of one week, of all symbols. */
interface WeekMisses {
  readonly open: number[];
  readonly close: number[];
}

/** The costs of one rule by week. */
export interface RuleFit {
  readonly costs: Float64Array;
  /** The part of the costs that distinguishes rules. */
  readonly tells: Float64Array;
}

export class ClockFit {
  readonly kind: MarketKind;
  /** The symbols whose edges count. */
  readonly symbols: readonly string[];
  readonly weeks: WeekRange;
  /** Weeks with an edge, and the newest of them. */
  readonly seen: number;
  readonly newest: number;
  readonly #symbols: readonly Resting[];
  readonly #measured: readonly OffsetSample[];
  readonly #fits = new Map<string, RuleFit>();

  constructor({
    histories,
    samples,
  }: { histories: readonly SymbolEdges[]; samples: readonly OffsetSample[] }) {
    const rests = histories.flatMap((symbol): Resting[] => {
      const weekendH = weekendOf(symbol);
      if (weekendH === null) return [];
      const market = symbol.edges.map(({ kind, week }) =>
        kind === 'open' ? marketOpens(week) : marketCloses(week),
      );
      return [{ symbol, weekendH, market }];
    });
    const currencies = rests.filter(({ weekendH }) => tradesLikeCurrencies(weekendH));
    this.kind = currencies.length > 0 ? 'currencies' : rests.length > 0 ? 'exchanges' : 'none';
    this.#symbols = this.kind === 'currencies' ? currencies : rests;
    this.#measured = samples.filter(({ source }) => source !== 'stated');
    this.symbols = [...new Set(this.#symbols.map(({ symbol }) => symbol.symbol))];
    const edges = this.#symbols.flatMap(({ symbol }) => symbol.edges.map(({ week }) => week));
    this.seen = new Set(edges).size;
    const newest = edges.reduce((most, week) => Math.max(most, week), Number.NEGATIVE_INFINITY);
    const all = [...edges, ...this.#measured.map(sampleWeek)];
    const first = all.reduce((least, week) => Math.min(least, week), Number.POSITIVE_INFINITY);
    const last = all.reduce((most, week) => Math.max(most, week), Number.NEGATIVE_INFINITY);
    this.weeks = all.length === 0 ? { first: 0, end: 0 } : { first, end: last + 1 };
    this.newest = newest - first;
  }

  of(rule: ClockRule): RuleFit {
    const known = this.#fits.get(rule.id) ?? this.#fit(rule);
    this.#fits.set(rule.id, known);
    return known;
  }

  /** Weeks in which a symbol opened and closed off by the same few hours: the clock was set otherwise, because no holiday does that. */
  setOtherwise(rule: ClockRule): number[] {
    const weeks = new Set<number>();
    for (const resting of this.#symbols) {
      const { edges } = resting.symbol;
      const misses = this.#misses(resting, rule);
      const opens = new Map(
        edges.flatMap(({ kind, week }, i) => (kind === 'open' ? [[week, misses[i]]] : [])),
      );
      for (const [i, { kind, week }] of edges.entries()) {
        const by = misses[i] as number;
        const same = kind === 'close' && opens.get(week) === by;
        if (same && by !== 0 && Math.abs(by) <= MOST_SET_H) weeks.add(week - this.weeks.first);
      }
    }
    return [...weeks].toSorted((a, b) => a - b);
  }

  #misses(resting: Resting, rule: ClockRule): Misses {
    return this.kind === 'currencies' ? missesOfCurrency(resting, rule) : missesOfExchange(resting, rule);
  }

  #fit(rule: ClockRule): RuleFit {
    const { end, first } = this.weeks;
    const denied = new Float64Array(end - first);
    for (const sample of this.#measured) {
      const week = sampleWeek(sample) - first;
      if (rule.offsetAt(sample.utcMs) !== sample.offsetS)
        denied[week] = (denied[week] as number) + SAMPLE_COST;
    }
    const costs = Float64Array.from(
      this.#missesOf(rule),
      (misses, week) => (denied[week] as number) + costOf(misses),
    );
    return { costs, tells: this.kind === 'currencies' ? costs : denied };
  }

  #missesOf(rule: ClockRule): WeekMisses[] {
    const { end, first } = this.weeks;
    const weeks = Array.from({ length: end - first }, (): WeekMisses => ({ open: [], close: [] }));
    for (const resting of this.#symbols) {
      const misses = this.#misses(resting, rule);
      for (const [i, { kind, week }] of resting.symbol.edges.entries())
        weeks[week - first]?.[kind].push(misses[i] as number);
    }
    return weeks;
  }
}

/** The share of symbols that miss an edge. */
const missed = (misses: readonly number[]): number =>
  misses.reduce((count, miss) => (miss === 0 ? count : count + 1), 0) / misses.length;

/** The mean of its two edges. */
const costOf = ({ close, open }: WeekMisses): number => {
  if (open.length === 0) return close.length === 0 ? 0 : missed(close);
  return close.length === 0 ? missed(open) : (missed(open) + missed(close)) / 2;
};
