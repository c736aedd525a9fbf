// What a short read at the newest end asks for beyond its range, at no cost: the quarter of an hour before it, because commissions and
// swaps come after their deals, and back to the row known to stand just before. An answer with this row comes from a terminal that has
// loaded its history, so one request is enough to believe that nothing has happened since. In: the range and the table. Out: from where to
// ask, and the row; null for a long range.
import type { Range } from '@fxtape/market';
import { ACCOUNT_LIMITS, memoryKeyOf } from './account-limits.ts';
import type { SyncContext } from '../context/sync-context.ts';

export interface LookBack {
  /** UTC microseconds. */
  readonly fromUs: number;
  /** Null: no known row is near enough. */
  readonly anchorId: string | null;
}

const SHORT_US = 86_400_000_000;
const AGAIN_US = 15 * 60_000_000;

export async function lookBack(
  c: SyncContext,
  stream: 'deals' | 'positions',
  range: Range,
): Promise<LookBack | null> {
  if (range.toUs - range.fromUs > SHORT_US) return null;
  const fromUs = Math.max(0, range.fromUs - AGAIN_US);
  const reachUs = Math.max(0, range.toUs - c.parts.memory.spanUs(memoryKeyOf(c, stream), ACCOUNT_LIMITS));
  const before = { fromUs: Math.min(reachUs, range.fromUs), toUs: range.fromUs };
  const { account } = c.account;
  const known = await c.parts.trades.lastBefore(stream, account, before, { signal: c.signal });
  return { fromUs: Math.min(fromUs, known?.atUs ?? fromUs), anchorId: known?.id ?? null };
}
