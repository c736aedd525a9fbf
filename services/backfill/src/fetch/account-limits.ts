// How much of an account's deals or closed positions is asked for at once; also remembers the sizes that work.
import type { SpanLimits } from '../context/range-memory.ts';
import type { SyncContext } from '../context/sync-context.ts';

const HOUR_US = 3_600_000_000;
/** A year at first, an hour at least, twenty years at most. */
export const ACCOUNT_LIMITS: SpanLimits = {
  startUs: 366 * 24 * HOUR_US,
  minUs: HOUR_US,
  maxUs: 20 * 366 * 24 * HOUR_US,
  rowUs: null,
};

export const memoryKeyOf = (c: SyncContext, stream: 'deals' | 'positions'): string =>
  `${c.account.account}|${stream}`;
