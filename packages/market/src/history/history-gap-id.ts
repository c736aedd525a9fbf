// The id of a gap that reading history opens. It is made from the stream and the range, so that any process that meets the same trouble again
// finds the same gap.

import type { Range } from '../time/ranges.ts';
import type { HistoryKey } from './history-claim.ts';

/**
 * `refused`: the gateway does not serve the range, or its rows are ambiguous. `rejected`: the gateway served rows that cannot be stored.
 * `undercount`: rows are known to exist but are not stored.
 */
export type HistoryCause = 'refused' | 'rejected' | 'undercount';

export const historyGapId = (key: HistoryKey, range: Range, cause: string): string =>
  [cause, key.account, key.feed, key.stream, key.symbol, key.timeframe, range.fromUs, range.toUs]
    .map((part) => part ?? '')
    .join('|');
