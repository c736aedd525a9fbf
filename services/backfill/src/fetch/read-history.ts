// Sends one request to a history route. In: the request. Out: its answer; `… failed` becomes what it means: a symbol that the broker does
// not list, or a history that is not loaded yet.
import type { Range } from '@fxtape/market';
import { isNotReady, notListed, notReady } from './history-errors.ts';
import type { Purpose } from '../context/numbers.ts';
import type { SyncContext } from '../context/sync-context.ts';

/** How long one answer may take; what takes longer is asked for in smaller parts. */
const ANSWER_MS = 30_000;

export interface HistoryCallOptions {
  readonly signal: AbortSignal;
  readonly deadlineMs: number;
  readonly retry: 'transport';
}

/** @throws SYMBOL_NOT_LISTED, HISTORY_NOT_READY, and the client's errors. */
export async function readHistory<T>(
  c: SyncContext,
  of: { route: string; of?: string; what: string; symbol: string | null; range: Range; purpose: Purpose },
  work: (options: HistoryCallOptions) => Promise<T>,
): Promise<T> {
  try {
    return await c.ask(of, (signal) => work({ signal, deadlineMs: ANSWER_MS, retry: 'transport' }));
  } catch (error) {
    if (!isNotReady(error) || c.signal.aborted) throw error;
    if (of.symbol !== null && (await c.parts.listed.has(c, of.symbol)) === false) {
      throw notListed(of.symbol, c.account.account);
    }
    throw notReady(of.what, of.range, error);
  }
}
