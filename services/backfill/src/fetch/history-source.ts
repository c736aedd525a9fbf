// What reading pages needs to know about one kind of history: how to ask, when a row happened, and whether anything fits between two rows.
import type { IncompleteRow, Range } from '@fxtape/market';
import type { Purpose } from '../context/numbers.ts';
import type { SpanLimits } from '../context/range-memory.ts';
import type { SyncContext } from '../context/sync-context.ts';
import { isNotReady, notListed, notReady } from './history-errors.ts';

export interface RejectedItem {
  readonly raw: unknown;
  readonly reason: string;
}

/** One answer, or several joined: rows in range, oldest first. */
export interface HistoryAnswer<R> {
  readonly range: Range;
  readonly rows: readonly R[];
  /** Rows outside the range: they are stored, but prove nothing. */
  readonly beside: readonly R[];
  /** Rows as answered, those outside the range and rejected ones included. */
  readonly size: number;
  readonly rejected: readonly RejectedItem[];
  /** Which fields of `rows` are null because they could not be read. */
  readonly incomplete: readonly IncompleteRow<R>[];
  /** Repeated hours in which the fold of rows is unknown. */
  readonly ambiguous: readonly Range[];
  /** From here on rows are not final yet; null: all are final. */
  readonly openFromUs: number | null;
  /** Whether the answer has the row known to lie before the range; null: it was not asked for. */
  readonly anchored: boolean | null;
}

export interface HistorySource<R> {
  /** For people: `M1 bars of EURUSD`. */
  readonly what: string;
  /** The key under which the sizes that work are remembered. */
  readonly memoryKey: string;
  /** The key under which first use is remembered. */
  readonly streamKey: string;
  readonly route: string;
  readonly limits: SpanLimits;
  /** The time by which the gateway selects rows. */
  readonly atUs: (row: R) => number;
  /** Two rows with the same id are the same row. */
  readonly idOf: (row: R) => unknown;
  /** True if no row fits between the bound (included) and the first row. */
  readonly headIsTight: (fromUs: number, firstUs: number) => boolean;
  /** True if no row fits between the last row and the bound (excluded). */
  readonly tailIsTight: (lastUs: number, toUs: number) => boolean;
  /** The stream is known to be empty, so an empty answer needs no confirmation. */
  readonly emptyIsKnown?: boolean;
  /** Asks once. Errors: the client's, HISTORY_NOT_READY, SYMBOL_NOT_LISTED. */
  readonly read: (range: Range, purpose: Purpose) => Promise<HistoryAnswer<R>>;
}

/** How long one answer may take; slower ranges are asked for in smaller parts. */
const ANSWER_MS = 30_000;

export interface HistoryCallOptions {
  readonly signal: AbortSignal;
  readonly deadlineMs: number;
  readonly retry: 'transport';
}

/**
 * Sends one request to a history route. A terminal that fails becomes a symbol that is not listed, or a history that is not loaded yet.
 * @throws SYMBOL_NOT_LISTED, HISTORY_NOT_READY, and the client's errors.
 */
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
