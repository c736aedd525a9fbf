// What faults make of one answer of a history route. In: the request as the route understood it. Out: a refusal, or the rows
// cut, delayed and blurred in the ways set here. Faults add to the shape, the routes obey it.

import type { Timeframe } from '../history/timeframe.ts';
import type { RestAnswer } from './envelope.ts';

export const HISTORY_PATHS = ['/PriceHistory', '/QuoteTicks', '/OrderHistory', '/PositionHistory'] as const;
export type HistoryPath = (typeof HISTORY_PATHS)[number];

/** A request that is well formed and about a symbol that is listed. */
export interface HistoryAsk {
  readonly path: HistoryPath;
  /** Null for deals and positions. */
  readonly symbol: string | null;
  readonly timeframe: Timeframe | null;
  /** Broker milliseconds, both inclusive, cut to the history there is. */
  readonly from: number;
  readonly to: number;
}

/** A deal or a closed position as the wire tells it. */
export type TradeRow = Readonly<Record<string, unknown>>;

export interface AnswerShape {
  /** Said instead of any rows. */
  refusal: RestAnswer | null;
  delayMs: number;
  delayPerRowUs: number;
  /** More rows than this time out. */
  mostRows: number;
  /** Bars and ticks younger than this many milliseconds are not there yet. */
  hideNewestMs: number;
  /** Ticks that are not there although the market made them: [from, to) of UTC milliseconds. */
  readonly holes: { readonly from: number; readonly to: number }[];
  /** Which of `count` rows, oldest first, are left: applied one after the other. */
  readonly cuts: ((count: number) => { readonly from: number; readonly to: number })[];
  /** Of deals and closed positions: what of a row is shown by now; null: nothing. Applied one after the other. */
  readonly shows: ((row: TradeRow) => TradeRow | null)[];
  /** Added to or taken from each price. */
  noise: number;
  wholeSeconds: boolean;
  withoutLast: boolean;
  /** The connection is reset in the middle of the body. */
  breakOff: boolean;
}

/** Does something to some of the answers of an account. */
export interface HistoryFault {
  shape(ask: HistoryAsk, shape: AnswerShape): void;
}

export const undisturbed = (): AnswerShape => ({
  refusal: null,
  delayMs: 0,
  delayPerRowUs: 0,
  mostRows: Number.POSITIVE_INFINITY,
  hideNewestMs: 0,
  holes: [],
  cuts: [],
  shows: [],
  noise: 0,
  wholeSeconds: false,
  withoutLast: false,
  breakOff: false,
});

/** Rows [from, to) of `count` that the cuts leave. */
export function kept({ cuts }: AnswerShape, count: number): { from: number; to: number } {
  let from = 0;
  let to = count;
  for (const cut of cuts) {
    const part = cut(to - from);
    to = from + part.to;
    from += part.from;
  }
  return { from, to };
}
