// `/OrderHistory` → rows of `deals`. In: the answer in whatever order it came. Out: rows in order of time, each deal once; a deal
// without an identifier or a readable time is rejected, because it could be neither kept apart nor found again.

import type { ClockRule } from '../clock/clock-rule.ts';
import type { DealRow } from '../records.ts';
import { parseBrokerTime } from '../time.ts';
import type { WireHistoryDeal } from '../wire.ts';
import {
  type HistoryRows,
  idOrNull,
  notFinite,
  type RejectedAnswerRow,
  unstorable,
  wordOrNull,
} from './history-rows.ts';
import { readHistoryTimes } from './history-times.ts';

export interface HistoryDealsOptions {
  readonly account: string;
  readonly rule: ClockRule;
  /** When the answer came, UTC microseconds. */
  readonly seenUs: number;
}

/** Maps one answer of `/OrderHistory`. Of a deal that stands in the answer twice the last one wins. */
export const historyDeals = (
  answer: readonly WireHistoryDeal[],
  o: HistoryDealsOptions,
): HistoryRows<DealRow> => {
  const rejected: RejectedAnswerRow[] = [];
  const times = answer.map((deal) => parseBrokerTime(deal.time)?.ms ?? null);
  const { at, ambiguous } = readHistoryTimes(times, o.rule);
  const rows = new Map<string, DealRow>();
  for (const [i, deal] of answer.entries()) {
    const reading = at[i] ?? null;
    // Ambiguous, and said so in `ambiguous`.
    if (reading === null && times[i] !== null) continue;
    const id = idOrNull(deal.ticket);
    const badNumber = notFinite(deal);
    const fault =
      reading === null
        ? 'the time is not a broker time'
        : (unstorable(reading) ??
          (id === null ? 'the deal has no ticket' : null) ??
          (badNumber === null ? null : `${badNumber} is not a finite number`));
    if (reading === null || id === null || fault !== null) {
      rejected.push({ raw: deal, reason: fault ?? 'the deal has no ticket' });
      continue;
    }
    rows.set(String(id), {
      ts: reading.ms * 1000,
      account: o.account,
      deal_id: id,
      order_id: idOrNull(deal.order),
      position_id: idOrNull(deal.position),
      symbol: wordOrNull(deal.symbol),
      type: wordOrNull(deal.type),
      entry: wordOrNull(deal.entry),
      volume: deal.volume ?? null,
      price: deal.price ?? null,
      commission: deal.commission ?? null,
      swap: deal.swap ?? null,
      profit: deal.profit ?? null,
      magic: deal.magic ?? null,
      comment: deal.comment ?? null,
      utc_offset_s: reading.offsetS,
      ts_seen: o.seenUs,
    });
  }
  return { rows: [...rows.values()].toSorted((a, b) => a.ts - b.ts), rejected, ambiguous };
};
