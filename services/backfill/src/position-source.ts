// `/PositionHistory` as a source of pages: the closed round trips of an account, selected by the time at which they were closed.
import { brokerRange, historyPositions, type PositionRow, type Range } from '@fxtape/market';
import { ACCOUNT_LIMITS } from './deal-source.ts';
import type { HistoryAnswer, HistorySource } from './history-source.ts';
import type { Purpose } from './numbers.ts';
import { readHistory } from './read-history.ts';
import type { SyncContext } from './sync-context.ts';

export function positionSource(c: SyncContext): HistorySource<PositionRow> {
  const { account, parts } = c;
  const { rule } = account;
  const what = `closed positions of ${account.account}`;
  const atUs = (row: PositionRow): number => row.ts_close;
  const read = async (range: Range, purpose: Purpose): Promise<HistoryAnswer<PositionRow>> => {
    const answer = await readHistory(
      c,
      { route: '/PositionHistory', what, symbol: null, range, purpose },
      (options) => account.rest.positionHistory(brokerRange(range, rule), options),
    );
    const seenUs = parts.clock.nowUs();
    const positions = historyPositions(answer.rows, { account: account.account, rule, seenUs });
    return {
      range,
      rows: positions.rows
        .filter((row) => atUs(row) >= range.fromUs && atUs(row) < range.toUs)
        .toSorted((a, b) => atUs(a) - atUs(b)),
      size: answer.rows.length + answer.rejected.length,
      rejected: [...answer.rejected, ...positions.rejected],
      incomplete: positions.incomplete,
      ambiguous: positions.ambiguous,
      openFromUs: null,
    };
  };
  return {
    what,
    memoryKey: `${account.account}|positions`,
    streamKey: `${account.account}|positions`,
    route: '/PositionHistory',
    limits: ACCOUNT_LIMITS,
    atUs,
    idOf: (row) => String(row.position_id),
    headIsTight: (fromUs, firstUs) => fromUs === firstUs,
    // More may share the moment of the last one.
    tailIsTight: () => false,
    read,
  };
}
