// The name of a gap that history itself opens: made of the stream and the range, so that the same trouble met twice, by whichever process,
// is one gap.

import type { Range } from '../time/ranges.ts';
import type { HistoryKey } from './history-claim.ts';

/**
 * `refused`: the gateway would not give it, or it cannot be told apart; `rejected`: it was given and cannot be stored; `undercount`: it was
 * stored and is gone.
 */
export type HistoryCause = 'refused' | 'rejected' | 'undercount';

export const historyGapId = (key: HistoryKey, range: Range, cause: string): string =>
  [cause, key.account, key.feed, key.stream, key.symbol, key.timeframe, range.fromUs, range.toUs]
    .map((part) => part ?? '')
    .join('|');
