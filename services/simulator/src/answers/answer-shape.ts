// Collects what the active faults do to one answer of a history route. In: the parsed request. Out: a refusal, or how to cut, delay and blur the
// rows. Faults add to the shape; the routes apply it.

import type { Timeframe } from '../history/timeframe.ts';
import type { RestAnswer } from './envelope.ts';

export const HISTORY_PATHS = ['/PriceHistory', '/QuoteTicks', '/OrderHistory', '/PositionHistory'] as const;
export type HistoryPath = (typeof HISTORY_PATHS)[number];

/** A valid request for a listed symbol. */
export interface HistoryAsk {
  readonly path: HistoryPath;
  /** Null for deals and positions. */
  readonly symbol: string | null;
  readonly timeframe: Timeframe | null;
  /** Broker milliseconds, both inclusive, cut to the history there is. */
  readonly from: number;
  readonly to: number;
}

/** A deal or a closed position as sent. */
export type TradeRow = Readonly<Record<string, unknown>>;

export interface AnswerShape {
  /** The answer instead of rows. */
  refusal: RestAnswer | null;
  delayMs: number;
  delayPerRowUs: number;
  /** Answers with more rows than this time out. */
  mostRows: number;
  /** Bars and ticks younger than this are missing, ms. */
  hideNewestMs: number;
  /** Ticks that are missing although the market made them: [from, to) in UTC milliseconds. */
  readonly holes: { readonly from: number; readonly to: number }[];
  /** Which of `count` rows, oldest first, are left. Applied one after the other. */
  readonly cuts: ((count: number) => { readonly from: number; readonly to: number })[];
  /** What a deal or closed position shows by now; null: nothing. Applied one after the other. */
  readonly shows: ((row: TradeRow) => TradeRow | null)[];
  /** Largest error of each price. */
  noise: number;
  wholeSeconds: boolean;
  withoutLast: boolean;
  /** The connection is reset in the middle of the body. */
  breakOff: boolean;
}

/** Changes some of an account's answers. */
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
