// `/PositionHistory` as a source of pages: an account's closed round trips, selected by their closing time.
import { historyPositions, type PositionRow } from '@fxtape/market';
import { accountSource } from './account-source.ts';
import type { LookBack } from './look-back.ts';
import type { HistorySource } from './history-source.ts';
import type { SyncContext } from '../context/sync-context.ts';

export function positionSource(c: SyncContext, back: LookBack | null): HistorySource<PositionRow> {
  const { account, rest, rule } = c.account;
  const numberOf = (row: PositionRow): string => String(row.position_id);
  return accountSource(
    c,
    {
      stream: 'positions',
      name: 'closed positions',
      route: '/PositionHistory',
      ask: (bounds, options) => rest.positionHistory(bounds, options),
      rowsOf: (rows, seenUs) => historyPositions(rows, { account, rule, seenUs }),
      atUs: (row) => row.ts_close,
      // Parts of one position may come in several answers.
      idOf: (row) => `${row.position_id} ${row.ts_close}`,
      numberOf,
    },
    back,
  );
}
