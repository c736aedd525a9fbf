// Maps an answer of `/OrderHistory` to rows of `deals`. In: the answer, in any order. Out: deals in time order, each once. A deal without a
// ticket, a readable time or a finite price is rejected; any other field that cannot be read or stored becomes null.

import type { ClockRule, UtcReading } from '../time/clock-rule.ts';
import { FieldReader, isStorableId, textOrNull, unstorable } from '../tables/read-fields.ts';
import type { DealRow } from '../tables/tables.ts';
import { parseBrokerTime } from '../time/time.ts';
import type { WireHistoryDeal } from '../tables/wire.ts';
import {
  type HistoryRows,
  idOrNull,
  type IncompleteRow,
  type RejectedAnswerRow,
  wordOrNull,
} from './history-rows.ts';
import { readHistoryTimes } from './history-times.ts';

export interface HistoryDealsOptions {
  readonly account: string;
  readonly rule: ClockRule;
  /** When the answer came, UTC microseconds. */
  readonly seenUs: number;
}

/** Maps one answer of `/OrderHistory`. If a deal occurs twice, the last one wins. */
export const historyDeals = (
  answer: readonly WireHistoryDeal[],
  o: HistoryDealsOptions,
): HistoryRows<DealRow> => {
  const rejected: RejectedAnswerRow[] = [];
  const incomplete: IncompleteRow<DealRow>[] = [];
  const times = answer.map((deal) => parseBrokerTime(deal.time)?.ms ?? null);
  const { at, ambiguous } = readHistoryTimes(times, o.rule);
  const rows = new Map<string, DealRow>();
  const fields = new FieldReader();
  for (const [i, deal] of answer.entries()) {
    const reading = at[i] ?? null;
    // The row is inside `ambiguous`.
    if (reading === null && times[i] !== null) continue;
    const fault = faultOf(deal, reading);
    if (reading === null || fault !== null) {
      rejected.push({ raw: deal, reason: fault ?? 'the time is not a broker time' });
      continue;
    }
    const row: DealRow = {
      ts: reading.ms * 1000,
      account: o.account,
      deal_id: deal.ticket,
      order_id: idOrNull(fields.id('order', deal.order)),
      position_id: idOrNull(fields.id('position', deal.position)),
      symbol: wordOrNull(deal.symbol),
      type: wordOrNull(deal.type),
      entry: wordOrNull(deal.entry),
      volume: fields.figure('volume', deal.volume),
      price: deal.price ?? null,
      commission: fields.figure('commission', deal.commission),
      swap: fields.figure('swap', deal.swap),
      profit: fields.figure('profit', deal.profit),
      magic: fields.magic('magic', deal.magic),
      comment: textOrNull(deal.comment),
      utc_offset_s: reading.offsetS,
      ts_seen: o.seenUs,
    };
    const reason = fields.take(deal.unreadable);
    if (reason !== null) incomplete.push({ row, raw: deal, reason });
    rows.set(String(deal.ticket), row);
  }
  const sorted = [...rows.values()].toSorted((a, b) => a.ts - b.ts);
  return { rows: sorted, rejected, incomplete, ambiguous };
};

/** Why this deal cannot be stored; null if it can. */
function faultOf(deal: WireHistoryDeal, reading: UtcReading | null): string | null {
  if (reading === null) return 'the time is not a broker time';
  const untimed = unstorable(reading);
  if (untimed !== null) return untimed;
  if (idOrNull(deal.ticket) === null || !isStorableId(deal.ticket)) return 'the deal has no ticket';
  return Number.isFinite(deal.price ?? 0) ? null : 'price is not a finite number';
}
