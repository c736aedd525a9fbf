// `/PositionHistory` → rows of `positions`, the closed round trips. In: the answer in whatever order it came. Out: rows in order of
// opening, each position once. Both ends must be readable; a round trip closes after it opened, which may tell the passes of a
// repeated hour apart where the answer as a whole does not.

import type { ClockRule, UtcReading } from '../clock/clock-rule.ts';
import { type Range, unite } from '../ranges.ts';
import { FieldReader, isStorableId, textOrNull } from '../read-fields.ts';
import type { PositionRow } from '../records.ts';
import { type BrokerMs, parseBrokerTime } from '../time.ts';
import type { WireHistoryPosition } from '../wire.ts';
import {
  type HistoryRows,
  idOrNull,
  type IncompleteRow,
  type RejectedAnswerRow,
  unstorable,
  wordOrNull,
} from './history-rows.ts';
import { bothPasses, readHistoryTimes } from './history-times.ts';

export interface HistoryPositionsOptions {
  readonly account: string;
  readonly rule: ClockRule;
  /** When the answer came, UTC microseconds. */
  readonly seenUs: number;
}

const timesOf = (texts: readonly string[]): (BrokerMs | null)[] =>
  texts.map((text) => parseBrokerTime(text)?.ms ?? null);

/** Opening times need no order, so only the closing tells their pass: before it, or nobody knows. */
const readOpen = (open: BrokerMs, close: UtcReading | null, rule: ClockRule): UtcReading | null => {
  const first = rule.read(open, { pass: 1 });
  if (first.occurrence !== 'twice') return first;
  const second = rule.read(open, { pass: 2 });
  return close !== null && close.ms < second.ms ? first : null;
};

const faultOf = (position: WireHistoryPosition, open: UtcReading, close: UtcReading): string | null => {
  const { closePrice, openPrice, positionId } = position;
  if (idOrNull(positionId) === null || !isStorableId(positionId)) return 'the position has no identifier';
  if (!Number.isFinite(openPrice ?? 0)) return 'openPrice is not a finite number';
  if (!Number.isFinite(closePrice ?? 0)) return 'closePrice is not a finite number';
  return unstorable(open) ?? unstorable(close);
};

const positionRow = (
  position: WireHistoryPosition,
  open: UtcReading,
  close: UtcReading,
  o: HistoryPositionsOptions,
  fields: FieldReader,
): PositionRow => ({
  ts: open.ms * 1000,
  account: o.account,
  position_id: position.positionId,
  ts_close: close.ms * 1000,
  symbol: wordOrNull(position.symbol),
  type: wordOrNull(position.type),
  volume: fields.figure('volume', position.volume),
  price_open: position.openPrice ?? null,
  price_close: position.closePrice ?? null,
  profit: fields.figure('profit', position.profit),
  swap: fields.figure('swap', position.swap),
  commission: fields.figure('commission', position.commission),
  net_profit: fields.figure('netProfit', position.netProfit),
  magic: fields.magic('magic', position.magic),
  comment: textOrNull(position.comment),
  utc_offset_s: open.offsetS,
  ts_seen: o.seenUs,
});

/**
 * Maps one answer of `/PositionHistory`. A position whose opening stays ambiguous makes the instant of its closing ambiguous,
 * because ranges of positions are asked for and claimed by closing time. Of a position that stands in the answer twice the
 * last one wins.
 */
export const historyPositions = (
  answer: readonly WireHistoryPosition[],
  o: HistoryPositionsOptions,
): HistoryRows<PositionRow> => {
  const rejected: RejectedAnswerRow[] = [];
  const incomplete: IncompleteRow<PositionRow>[] = [];
  const ambiguous: Range[] = [];
  const fields = new FieldReader();
  const rows = new Map<string, PositionRow>();
  const opens = timesOf(answer.map((position) => position.openTime));
  const closes = timesOf(answer.map((position) => position.closeTime));
  const closed = readHistoryTimes(closes, o.rule);
  for (const [i, position] of answer.entries()) {
    const openTime = opens[i] ?? null;
    const closeTime = closes[i] ?? null;
    if (openTime === null || closeTime === null) {
      const which = openTime === null ? 'opening' : 'closing';
      rejected.push({ raw: position, reason: `the ${which} time is not a broker time` });
      continue;
    }
    const close = closed.at[i] ?? null;
    const open = readOpen(openTime, close, o.rule);
    if (close === null || open === null) {
      const hour = close === null ? o.rule.repeatedHourAt(closeTime) : null;
      if (hour !== null) ambiguous.push(bothPasses(hour));
      else if (close !== null) ambiguous.push({ fromUs: close.ms * 1000, toUs: (close.ms + 1) * 1000 });
      continue;
    }
    const fault = faultOf(position, open, close);
    if (fault !== null) {
      rejected.push({ raw: position, reason: fault });
      continue;
    }
    const row = positionRow(position, open, close, o, fields);
    const reason = fields.take(position.unreadable);
    if (reason !== null) incomplete.push({ row, raw: position, reason });
    rows.set(String(position.positionId), row);
  }
  return {
    rows: [...rows.values()].toSorted((a, b) => a.ts - b.ts),
    rejected,
    incomplete,
    ambiguous: unite(ambiguous),
  };
};
