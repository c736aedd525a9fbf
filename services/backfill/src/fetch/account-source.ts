// An account's deals (`/OrderHistory`) and closed positions (`/PositionHistory`) as sources of pages. In: the range that a job asks for. Out:
// sources whose answers also hold rows from just before the range, where that costs nothing.
import {
  brokerRange,
  DAY_US,
  type DealRow,
  historyDeals,
  historyPositions,
  type HistoryRows,
  HOUR_US,
  MINUTE_US,
  type PositionRow,
  type Range,
} from '@fxtape/market';
import type { TradeStream } from '@fxtape/questdb';
import type { Purpose } from '../context/numbers.ts';
import type { SpanLimits } from '../context/range-memory.ts';
import type { SyncContext } from '../context/sync-context.ts';
import { isTooMuch } from './history-errors.ts';
import {
  type HistoryAnswer,
  type HistoryCallOptions,
  type HistorySource,
  readHistory,
} from './history-source.ts';

interface AccountHistory<W, R> {
  readonly stream: TradeStream;
  /** For people. */
  readonly name: string;
  readonly route: string;
  readonly ask: (
    bounds: { readonly from: string; readonly to: string },
    options: HistoryCallOptions,
  ) => Promise<{ readonly rows: readonly W[]; readonly rejected: HistoryAnswer<R>['rejected'] }>;
  readonly rowsOf: (answer: readonly W[], seenUs: number) => HistoryRows<R>;
  /** The time by which the gateway selects rows. */
  readonly atUs: (row: R) => number;
  /** Two rows with the same id are the same row. */
  readonly idOf: (row: R) => string;
  /** The number that identifies a row across answers. */
  readonly numberOf: (row: R) => string;
}

/** A year at first, an hour at least, twenty years at most. */
const LIMITS: SpanLimits = {
  startUs: 366 * DAY_US,
  minUs: HOUR_US,
  maxUs: 20 * 366 * DAY_US,
  rowUs: null,
};

export async function dealSource(c: SyncContext, range: Range): Promise<HistorySource<DealRow>> {
  const { account, rest, rule } = c.account;
  const numberOf = (row: DealRow): string => String(row.deal_id);
  return accountSource(c, range, {
    stream: 'deals',
    name: 'deals',
    route: '/OrderHistory',
    ask: (bounds, options) => rest.orderHistory(bounds, options),
    rowsOf: (rows, seenUs) => historyDeals(rows, { account, rule, seenUs }),
    atUs: (row) => row.ts,
    idOf: numberOf,
    numberOf,
  });
}

/** The gateway selects closed positions by their closing time. */
export async function positionSource(c: SyncContext, range: Range): Promise<HistorySource<PositionRow>> {
  const { account, rest, rule } = c.account;
  return accountSource(c, range, {
    stream: 'positions',
    name: 'closed positions',
    route: '/PositionHistory',
    ask: (bounds, options) => rest.positionHistory(bounds, options),
    rowsOf: (rows, seenUs) => historyPositions(rows, { account, rule, seenUs }),
    atUs: (row) => row.ts_close,
    // Parts of one position may come in several answers.
    idOf: (row) => `${row.position_id} ${row.ts_close}`,
    numberOf: (row) => String(row.position_id),
  });
}

async function accountSource<W, R>(
  c: SyncContext,
  wanted: Range,
  of: AccountHistory<W, R>,
): Promise<HistorySource<R>> {
  const { account, parts } = c;
  const { atUs, route } = of;
  const what = `${of.name} of ${account.account}`;
  const streamKey = `${account.account}|${of.stream}`;
  const back = await lookBack(c, of.stream, streamKey, wanted);
  const ask = async (range: Range, purpose: Purpose, beyond: LookBack | null): Promise<HistoryAnswer<R>> => {
    const asked = beyond === null ? range : { ...range, fromUs: beyond.fromUs };
    const anchorId = beyond?.anchorId ?? null;
    const question = { route, what, symbol: null, range, purpose };
    const answer = await readHistory(c, question, (options) =>
      of.ask(brokerRange(asked, account.rule), options),
    );
    const read = of.rowsOf(answer.rows, parts.clock.nowUs());
    const isInside = (row: R): boolean => atUs(row) >= range.fromUs && atUs(row) < range.toUs;
    return {
      range,
      rows: read.rows.filter(isInside).toSorted((a, b) => atUs(a) - atUs(b)),
      beside: read.rows.filter((row) => !isInside(row)),
      size: answer.rows.length + answer.rejected.length,
      rejected: [...answer.rejected, ...read.rejected],
      incomplete: read.incomplete,
      ambiguous: read.ambiguous,
      openFromUs: null,
      anchored: anchorId === null ? null : read.rows.some((row) => of.numberOf(row) === anchorId),
    };
  };
  return {
    what,
    memoryKey: streamKey,
    streamKey,
    route,
    limits: LIMITS,
    atUs,
    idOf: of.idOf,
    headIsTight: (fromUs, firstUs) => fromUs === firstUs,
    // More rows may share the moment of the last one.
    tailIsTight: () => false,
    read: async (range, purpose) => {
      const isToBelieve = purpose === 'read' || purpose === 'agreement';
      if (back === null || !isToBelieve) return ask(range, purpose, null);
      try {
        return await ask(range, purpose, back);
      } catch (error) {
        if (!isTooMuch(error) || c.signal.aborted) throw error;
        return ask(range, purpose, null);
      }
    },
  };
}

interface LookBack {
  readonly fromUs: number;
  /** Null: no known row is near enough. */
  readonly anchorId: string | null;
}

const SHORT_US = DAY_US;
/** Commissions and swaps reach the history after their deals. */
const AGAIN_US = 15 * MINUTE_US;

/**
 * How far before a short range to ask: the last quarter of an hour again, and back to the newest row known before the range. A terminal that
 * returns this row has loaded its history, so one answer is enough to believe that nothing newer exists. Null for a long range.
 */
async function lookBack(
  c: SyncContext,
  stream: TradeStream,
  memoryKey: string,
  range: Range,
): Promise<LookBack | null> {
  if (range.toUs - range.fromUs > SHORT_US) return null;
  const fromUs = Math.max(0, range.fromUs - AGAIN_US);
  const reachUs = Math.max(0, range.toUs - c.parts.memory.spanUs(memoryKey, LIMITS));
  const before = { fromUs: Math.min(reachUs, range.fromUs), toUs: range.fromUs };
  const known = await c.parts.trades.lastBefore(stream, c.account.account, before, { signal: c.signal });
  return { fromUs: Math.min(fromUs, known?.atUs ?? fromUs), anchorId: known?.id ?? null };
}
