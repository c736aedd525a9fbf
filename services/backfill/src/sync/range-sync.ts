// The history of one stream, as reading, storing and claiming see it. In: nothing. Out: types, and the name of the lock under which rows are
// compared with the tables.

import type { Range } from '@fxtape/market';
import type { HistoryAnswer, HistorySource } from '../fetch/history-source.ts';
import type { Stored } from '../store/store-versions.ts';
import type { HoleRules } from './holes.ts';

export interface RangeSync<R> extends HoleRules {
  readonly source: HistorySource<R>;
  /** Compares with the tables, writes what differs and waits until it is applied. Called under the stream's lock. */
  readonly store: (page: HistoryAnswer<R>) => Promise<Stored>;
  /** Up to when a page proves that nothing is missing; at most the page's end. */
  readonly provenToUs: (page: HistoryAnswer<R>) => Promise<number>;
  /** What to do if there is no row at all, before, in or after the range: it is so, or it cannot be. */
  readonly noneAtAll: (range: Range) => void;
  /** False: rows are stored, but no coverage is written. */
  readonly claims: boolean;
  /** Before a range is covered: trades known to lie in it that were not answered get their gap. */
  readonly beforeClaim?: (range: Range) => Promise<unknown>;
  /** A re-read, or a person's request: where history begins is checked again too. */
  readonly again: boolean;
}

/** Whoever compares with the tables and writes holds this lock. */
export const lockName = ({ key }: Pick<HoleRules, 'key'>): string =>
  [key.account, key.feed, key.stream, key.symbol, key.timeframe].map((part) => part ?? '').join('|');
