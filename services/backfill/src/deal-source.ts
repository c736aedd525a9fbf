// `/OrderHistory` as a source of pages: the deals of an account.
import { brokerRange, type DealRow, historyDeals, type Range } from '@fxtape/market';
import type { HistoryAnswer, HistorySource } from './history-source.ts';
import type { Purpose } from './numbers.ts';
import type { SpanLimits } from './range-memory.ts';
import { readHistory } from './read-history.ts';
import type { SyncContext } from './sync-context.ts';

const HOUR_US = 3_600_000_000;
/** Of accounts' history: a year at first, an hour at least, twenty years at most. */
export const ACCOUNT_LIMITS: SpanLimits = {
  startUs: 366 * 24 * HOUR_US,
  minUs: HOUR_US,
  maxUs: 20 * 366 * 24 * HOUR_US,
  rowUs: null,
};

export function dealSource(c: SyncContext): HistorySource<DealRow> {
  const { account, parts } = c;
  const { rule } = account;
  const what = `deals of ${account.account}`;
  const read = async (range: Range, purpose: Purpose): Promise<HistoryAnswer<DealRow>> => {
    const bounds = brokerRange(range, rule);
    const answer = await readHistory(
      c,
      { route: '/OrderHistory', what, symbol: null, range, purpose },
      (options) => account.rest.orderHistory(bounds, options),
    );
    const seenUs = parts.clock.nowUs();
    const deals = historyDeals(answer.rows, { account: account.account, rule, seenUs });
    return {
      range,
      rows: deals.rows.filter((row) => row.ts >= range.fromUs && row.ts < range.toUs),
      size: answer.rows.length + answer.rejected.length,
      rejected: [...answer.rejected, ...deals.rejected],
      incomplete: deals.incomplete,
      ambiguous: deals.ambiguous,
      openFromUs: null,
    };
  };
  return {
    what,
    memoryKey: `${account.account}|deals`,
    streamKey: `${account.account}|deals`,
    route: '/OrderHistory',
    limits: ACCOUNT_LIMITS,
    atUs: (row) => row.ts,
    idOf: (row) => String(row.deal_id),
    headIsTight: (fromUs, firstUs) => fromUs === firstUs,
    // More may share the moment of the last one.
    tailIsTight: () => false,
    read,
  };
}
