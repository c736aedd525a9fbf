// Maps an answer of `/PositionHistory` to rows of `positions`, the closed round trips. In: the answer, in any order. Out: rows in order of
// opening, each position once: rows of one position are parts of its closing and are summed. Both times must be readable. A position closes
// after it opens, which may determine the fold of its opening when the answer as a whole does not.

import type { ClockRule, UtcReading } from '../time/clock-rule.ts';
import { type Range, unite } from '../time/ranges.ts';
import { FieldReader, isStorableId, textOrNull, unstorable } from '../tables/read-fields.ts';
import type { PositionRow } from '../tables/tables.ts';
import { type BrokerMs, parseBrokerTime } from '../time/time.ts';
import type { WireHistoryPosition } from '../tables/wire.ts';
import {
  type HistoryRows,
  idOrNull,
  type IncompleteRow,
  type RejectedAnswerRow,
  wordOrNull,
} from './history-rows.ts';
import { bothFolds, readHistoryTimes } from './history-times.ts';
import { samePosition } from './same-row.ts';

export interface HistoryPositionsOptions {
  readonly account: string;
  readonly rule: ClockRule;
  /** When the answer came, UTC microseconds. */
  readonly seenUs: number;
}

const timesOf = (texts: readonly string[]): (BrokerMs | null)[] =>
  texts.map((text) => parseBrokerTime(text)?.ms ?? null);

/** Opening times are in no order, so only a closing before the second fold shows that the opening is in the first. */
const readOpen = (open: BrokerMs, close: UtcReading | null, rule: ClockRule): UtcReading | null => {
  const first = rule.read(open, { fold: 1 });
  if (first.occurrence !== 'twice') return first;
  const second = rule.read(open, { fold: 2 });
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
 * Maps one answer of `/PositionHistory`. If the opening of a position is ambiguous, so is the moment of its closing, because positions are
 * read and claimed by closing time. Equal rows of one position count once.
 */
export const historyPositions = (
  answer: readonly WireHistoryPosition[],
  o: HistoryPositionsOptions,
): HistoryRows<PositionRow> => {
  const rejected: RejectedAnswerRow[] = [];
  const incomplete: IncompleteRow<PositionRow>[] = [];
  const ambiguous: Range[] = [];
  const fields = new FieldReader();
  const parts = new Map<string, PositionRow[]>();
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
      if (hour !== null) ambiguous.push(bothFolds(hour));
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
    const known = parts.get(String(position.positionId));
    if (known === undefined) parts.set(String(position.positionId), [row]);
    else if (!known.some((part) => samePosition(part, row))) known.push(row);
  }
  return {
    rows: [...parts.values()].map(together).toSorted((a, b) => a.ts - b.ts),
    rejected,
    incomplete,
    ambiguous: unite(ambiguous),
  };
};

/** The sum of parts, rounded against floating-point noise; null if one of them is null. */
const sum = (values: readonly (number | null)[]): number | null =>
  values.includes(null)
    ? null
    : Math.round(values.reduce((total: number, value) => total + (value as number), 0) * 1e8) / 1e8;

/** Merges the parts of a position: it closes with the last part, at the average price. */
function together(parts: readonly PositionRow[]): PositionRow {
  const last = parts.reduce((a, b) => (b.ts_close > a.ts_close ? b : a));
  if (parts.length === 1) return last;
  const of = (field: 'volume' | 'profit' | 'swap' | 'commission' | 'net_profit'): number | null =>
    sum(parts.map((part) => part[field]));
  const volume = of('volume');
  const value = sum(
    parts.map(({ price_close: price, volume: lots }) =>
      price === null || lots === null ? null : price * lots,
    ),
  );
  return {
    ...last,
    volume,
    price_close:
      value === null || volume === null || volume === 0
        ? last.price_close
        : Math.round((value / volume) * 1e8) / 1e8,
    profit: of('profit'),
    swap: of('swap'),
    commission: of('commission'),
    net_profit: of('net_profit'),
  };
}
