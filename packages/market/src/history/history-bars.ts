// Maps an answer of `/PriceHistory` to rows of `bars`. In: the answer, in any order. Out: closed bars in time order, each once. A bar is closed
// when a later bar follows it in the answer, or two minutes after its end. A bar that is still forming is left out, not rejected.

import type { ClockRule, UtcReading } from '../time/clock-rule.ts';
import type { Range } from '../time/ranges.ts';
import { FieldReader, unstorable } from '../tables/read-fields.ts';
import type { BarRow } from '../tables/tables.ts';
import { type BrokerMs, parseBrokerTime } from '../time/time.ts';
import { barEndOf, barEndUtcMs, barOpenOf, CLOSED_GRACE_MS } from '../time/timeframe-grid.ts';
import type { WireHistoryBar } from '../tables/wire.ts';
import { type HistoryRows, type IncompleteRow, type RejectedAnswerRow } from './history-rows.ts';
import { readHistoryTimes } from './history-times.ts';

export interface HistoryBarsOptions {
  readonly feed: string;
  readonly symbol: string;
  readonly timeframe: string;
  readonly rule: ClockRule;
  /** When the answer came, UTC microseconds. */
  readonly seenUs: number;
  /** The broker's clock when the answer came. It may be late but must not be early. */
  readonly brokerNow: BrokerMs;
}

export interface HistoryBars extends HistoryRows<BarRow> {
  /** UTC open of the first bar that is not closed yet; null if all are closed. Nothing is covered from there on. */
  readonly openFromUs: number | null;
  /**
   * Rows that a later row of the same answer replaced with other values. Equal repeats are not counted, nor are two opens that become one UTC
   * time: of those, the one in the skipped hour is rejected.
   */
  readonly superseded: number;
}

/** A bar whose open is a time of the timeframe's grid. */
interface TimedBar {
  readonly wire: WireHistoryBar;
  readonly at: UtcReading;
  /** Why its content cannot be stored. */
  readonly fault: string | null;
}

/** Why a bar's content cannot be stored; null when it can. */
const contentFault = (bar: WireHistoryBar): string | null => {
  // Negative prices are real: crude oil of April 2020.
  if (![bar.open, bar.high, bar.low, bar.close].every(Number.isFinite))
    return 'a price is not a finite number';
  return bar.high < bar.low ? 'high is below low' : null;
};

const barRow = ({ wire, at }: TimedBar, o: HistoryBarsOptions, fields: FieldReader): BarRow => ({
  ts: at.ms * 1000,
  feed: o.feed,
  symbol: o.symbol,
  timeframe: o.timeframe,
  open: wire.open,
  high: wire.high,
  low: wire.low,
  close: wire.close,
  tick_volume: fields.count('tickVolume', wire.tickVolume),
  real_volume: fields.count('realVolume', wire.realVolume),
  spread_points: fields.points('spread', wire.spread),
  utc_offset_s: at.offsetS,
  ts_seen: o.seenUs,
});

const sameContent = (a: WireHistoryBar, b: WireHistoryBar): boolean =>
  a.open === b.open &&
  a.high === b.high &&
  a.low === b.low &&
  a.close === b.close &&
  (a.tickVolume ?? null) === (b.tickVolume ?? null) &&
  (a.realVolume ?? null) === (b.realVolume ?? null) &&
  (a.spread ?? null) === (b.spread ?? null);

/** The bars whose open is known in UTC, in the order of the answer. The others are rejected or ambiguous. */
const timeBars = (
  answer: readonly WireHistoryBar[],
  o: HistoryBarsOptions,
): { bars: TimedBar[]; rejected: RejectedAnswerRow[]; ambiguous: readonly Range[] } => {
  const rejected: RejectedAnswerRow[] = [];
  const opens = answer.map((bar) => {
    const open = typeof bar.time === 'string' ? (parseBrokerTime(bar.time)?.ms ?? null) : null;
    if (open === null) rejected.push({ raw: bar, reason: 'the bar has no readable open time' });
    else if (barOpenOf(o.timeframe, open) !== open)
      rejected.push({ raw: bar, reason: `the open time is not on the grid of ${o.timeframe}` });
    else return open;
    return null;
  });
  const isLong = (open: BrokerMs, hourMs: number): boolean => barEndOf(o.timeframe, open) - open >= hourMs;
  const { at, ambiguous } = readHistoryTimes(opens, o.rule, (place, { fromMs, toMs }) => {
    // A bar of an hour or more spans both folds. Two bars with one open may be one for each fold: that is ambiguous.
    const open = opens[place] as BrokerMs;
    return isLong(open, toMs - fromMs) && opens.indexOf(open) === opens.lastIndexOf(open);
  });
  const bars: TimedBar[] = [];
  for (let i = 0; i < answer.length; i++) {
    const wire = answer[i] as WireHistoryBar;
    const reading = at[i];
    if (reading === null || reading === undefined) continue;
    const fault = unstorable(reading);
    if (fault === null) bars.push({ wire, at: reading, fault: contentFault(wire) });
    else rejected.push({ raw: wire, reason: fault });
  }
  return { bars, rejected, ambiguous };
};

const inOrder = (bars: readonly TimedBar[]): readonly TimedBar[] => {
  for (let i = 1; i < bars.length; i++)
    if ((bars[i] as TimedBar).at.ms < (bars[i - 1] as TimedBar).at.ms)
      return bars.toSorted((a, b) => a.at.ms - b.at.ms);
  return bars;
};

/** UTC milliseconds of the last valid open that is not in the future: every bar before it is closed. */
const lastCloser = (bars: readonly TimedBar[], nowMs: number): number =>
  bars.findLast((bar) => bar.fault === null && bar.at.ms <= nowMs + CLOSED_GRACE_MS)?.at.ms ??
  Number.NEGATIVE_INFINITY;

/** The ambiguous hours that are over, and the start of the one that still lasts. */
const settleAmbiguous = (
  ambiguous: readonly Range[],
  nowMs: number,
): { over: readonly Range[]; lastingFromUs: number } => {
  const isOver = (range: Range): boolean => range.toUs <= (nowMs - CLOSED_GRACE_MS) * 1000;
  return {
    over: ambiguous.filter(isOver),
    lastingFromUs: Math.min(...ambiguous.filter((range) => !isOver(range)).map((range) => range.fromUs)),
  };
};

/**
 * Maps one answer of `/PriceHistory`. A bar is rejected if its open is off the grid, a price is not finite, or `high < low`. A volume or spread
 * that is not a whole number becomes null. While the repeated hour lasts, its bars count as not closed.
 * Throws RangeError for a timeframe that is none of the nine.
 */
export const historyBars = (answer: readonly WireHistoryBar[], o: HistoryBarsOptions): HistoryBars => {
  const { bars: timed, rejected, ambiguous } = timeBars(answer, o);
  const nowMs = o.rule.read(o.brokerNow, { fold: 1 }).ms;
  const { over, lastingFromUs } = settleAmbiguous(ambiguous, nowMs);
  const bars = inOrder(timed);
  const closer = lastCloser(bars, nowMs);
  let openFromUs = lastingFromUs;
  let superseded = 0;
  const rows: BarRow[] = [];
  const incomplete: IncompleteRow<BarRow>[] = [];
  const fields = new FieldReader();
  const rowOf = (bar: TimedBar): BarRow => {
    const row = barRow(bar, o, fields);
    const reason = fields.take(bar.wire.unreadable);
    if (reason !== null) incomplete.push({ row, raw: bar.wire, reason });
    return row;
  };
  let last: TimedBar | null = null;
  for (const bar of bars) {
    const openMs = bar.at.ms;
    const closed =
      openMs * 1000 < lastingFromUs &&
      (openMs < closer || barEndUtcMs(o.timeframe, openMs, o.rule) + CLOSED_GRACE_MS <= nowMs);
    if (!closed) {
      openFromUs = Math.min(openFromUs, openMs * 1000);
      continue;
    }
    if (bar.fault !== null) {
      rejected.push({ raw: bar.wire, reason: bar.fault });
      continue;
    }
    if (last === null || last.at.ms !== openMs) {
      rows.push(rowOf(bar));
      last = bar;
      continue;
    }
    if (last.at.offsetS === bar.at.offsetS) {
      if (!sameContent(last.wire, bar.wire)) superseded++;
      last = bar;
    } else {
      // Two wall-clock times are one instant: one of them is in the hour that never occurs.
      const real: TimedBar = last.at.occurrence === 'never' ? bar : last;
      rejected.push({
        raw: (real === bar ? last : bar).wire,
        reason: 'the open lies in an hour that the clock skips, where another bar stands',
      });
      last = real;
    }
    rows[rows.length - 1] = rowOf(last);
  }
  return {
    rows,
    rejected,
    incomplete,
    ambiguous: over,
    openFromUs: Number.isFinite(openFromUs) ? openFromUs : null,
    superseded,
  };
};
