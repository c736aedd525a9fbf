// Splits ranges into cells. In: a kind of stream and a time. Out: the cell that contains it, `[fromUs, toUs)`. Cells do not depend on when or by
// which process a plan is made, so that the same work has the same id. A cell holds about as many rows as a terminal returns at once.
import { brokerMs, type ClockRule, type Range, type StreamKey, utcMs } from '@fxtape/market';
import { TIMEFRAMES, type Timeframe } from '@fxtape/config';

export const DAY_US = 86_400_000_000;
const DAY_MS = 86_400_000;
/** 1970-01-04 was a Sunday: weeks begin while markets are closed. */
const SUNDAY_US = 3 * DAY_US;

const CELL_DAYS: Record<Timeframe, number> = {
  M1: 7,
  M5: 35,
  M15: 105,
  M30: 210,
  H1: 364,
  H4: 364,
  D1: 3640,
  W1: 3640,
  MN1: 3640,
};
const ACCOUNT_DAYS = 30;

export type CellOf = (atUs: number) => Range;

/** Cells of equal length; the first one is cut at 1970. */
const fixed =
  (days: number, phaseUs: number): CellOf =>
  (atUs) => {
    const width = days * DAY_US;
    const fromUs = Math.floor((atUs - phaseUs) / width) * width + phaseUs;
    return { fromUs: Math.max(0, fromUs), toUs: fromUs + width };
  };

/** The broker's days, from midnight to midnight in broker time: 23 to 25 hours. */
export const brokerDayOf =
  (rule: ClockRule): CellOf =>
  (atUs) => {
    const wall = rule.toBroker(utcMs(Math.floor(atUs / 1000)));
    const open = Math.floor(wall / DAY_MS) * DAY_MS;
    const at = (ms: number) => rule.read(brokerMs(ms), { fold: 1 }).ms * 1000;
    return { fromUs: Math.max(0, at(open)), toUs: at(open + DAY_MS) };
  };

export const isTimeframe = (text: string | null): text is Timeframe =>
  text !== null && (TIMEFRAMES as readonly string[]).includes(text);

/** Null: this kind of stream has no history. */
export function cellsOf(key: StreamKey, rule: ClockRule): CellOf | null {
  if (key.stream === 'ticks') return brokerDayOf(rule);
  if (key.stream === 'deals' || key.stream === 'positions') return fixed(ACCOUNT_DAYS, 0);
  if (key.stream === 'bars' && isTimeframe(key.timeframe)) return fixed(CELL_DAYS[key.timeframe], SUNDAY_US);
  return null;
}

/** Splits ranges (sorted, disjoint) at cell borders, newest first, lazily. */
export function* piecesOf(ranges: readonly Range[], cellOf: CellOf): Generator<Range> {
  for (const { fromUs, toUs } of ranges.toReversed()) {
    let end = toUs;
    while (end > fromUs) {
      const start = Math.max(fromUs, cellOf(end - 1).fromUs);
      yield { fromUs: start, toUs: end };
      end = start;
    }
  }
}
