// `/OrderHistory` as a source of pages: the deals of an account.
import { type DealRow, historyDeals } from '@fxtape/market';
import { accountSource } from './account-source.ts';
import type { LookBack } from './look-back.ts';
import type { HistorySource } from './history-source.ts';
import type { SyncContext } from '../context/sync-context.ts';

export function dealSource(c: SyncContext, back: LookBack | null): HistorySource<DealRow> {
  const { account, rest, rule } = c.account;
  const numberOf = (row: DealRow): string => String(row.deal_id);
  return accountSource(
    c,
    {
      stream: 'deals',
      name: 'deals',
      route: '/OrderHistory',
      ask: (bounds, options) => rest.orderHistory(bounds, options),
      rowsOf: (rows, seenUs) => historyDeals(rows, { account, rule, seenUs }),
      atUs: (row) => row.ts,
      idOf: numberOf,
      numberOf,
    },
    back,
  );
}
