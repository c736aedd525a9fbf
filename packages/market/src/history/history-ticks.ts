// Maps an answer of `/QuoteTicks` to rows of `ticks` with source `history`, with the same quality and nulls as live rows. In: the answer, in any
// order. Out: rows in time order; equal times keep the order of the answer.

import type { ClockRule } from '../time/clock-rule.ts';
import { tickQuality } from '../live/normalise.ts';
import { FieldReader, unstorable } from '../tables/read-fields.ts';
import type { TickRow } from '../tables/tables.ts';
import { knownOrNull } from '../live/tick-marker.ts';
import { type BrokerMs, brokerMs, parseBrokerTime } from '../time/time.ts';
import type { WireHistoryTick } from '../tables/wire.ts';
import { type HistoryRows, type IncompleteRow, type RejectedAnswerRow } from './history-rows.ts';
import { readHistoryTimes } from './history-times.ts';

export interface HistoryTicksOptions {
  readonly feed: string;
  readonly symbol: string;
  readonly rule: ClockRule;
  /** When the answer came, UTC microseconds; row `i` has `ts_recv` = this + `i`. */
  readonly answeredUs: number;
}

/** The broker time of a tick, or why it has none. `timeMsc` is finer than `time`; if both are present they must agree. */
const tickTime = (tick: WireHistoryTick): BrokerMs | string => {
  const text = typeof tick.time === 'string' ? tick.time : '';
  const parsed = parseBrokerTime(text);
  const msc = tick.timeMsc ?? 0;
  if (msc === 0) return parsed === null ? 'the time is not a broker time' : parsed.ms;
  if (!Number.isSafeInteger(msc)) return 'timeMsc is not a whole number of milliseconds';
  if (parsed === null) return text === '' ? brokerMs(msc) : 'the time is not a broker time';
  return Math.abs(msc - parsed.ms) <= parsed.resolutionMs
    ? brokerMs(msc)
    : 'time and timeMsc are different times';
};

/** Maps one answer of `/QuoteTicks`. A tick whose time cannot be read is rejected. */
export const historyTicks = (
  answer: readonly WireHistoryTick[],
  o: HistoryTicksOptions,
): HistoryRows<TickRow> => {
  const rejected: RejectedAnswerRow[] = [];
  const times = answer.map((tick): BrokerMs | null => {
    const time = tickTime(tick);
    if (typeof time === 'number') return time;
    rejected.push({ raw: tick, reason: time });
    return null;
  });
  const { at, ambiguous } = readHistoryTimes(times, o.rule);
  const rows: TickRow[] = [];
  const incomplete: IncompleteRow<TickRow>[] = [];
  let sorted = true;
  for (let i = 0; i < answer.length; i++) {
    const tick = answer[i] as WireHistoryTick;
    const reading = at[i];
    if (reading === null || reading === undefined) continue;
    const fault =
      unstorable(reading) ??
      (Number.isFinite(tick.bid) && Number.isFinite(tick.ask) ? null : 'a price is not a finite number');
    if (fault !== null) {
      rejected.push({ raw: tick, reason: fault });
      continue;
    }
    const ts = reading.ms * 1000;
    sorted &&= ts >= (rows.at(-1)?.ts ?? ts);
    const row: TickRow = {
      ts,
      feed: o.feed,
      symbol: o.symbol,
      ts_recv: o.answeredUs,
      bid: tick.bid,
      ask: tick.ask,
      last: knownOrNull(tick.last),
      volume: knownOrNull(tick.volume),
      utc_offset_s: reading.offsetS,
      source: 'history',
      quality: tickQuality(tick),
    };
    rows.push(row);
    if (tick.unreadable === undefined) continue;
    const reason = new FieldReader().take(tick.unreadable);
    if (reason !== null) incomplete.push({ row, raw: tick, reason });
  }
  if (!sorted) rows.sort((a, b) => a.ts - b.ts);
  rows.forEach((row, i) => {
    row.ts_recv = o.answeredUs + i;
  });
  return { rows, rejected, incomplete, ambiguous };
};
