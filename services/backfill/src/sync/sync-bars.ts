// Bars of one stream and range: fetched, compared, stored, covered. In: symbol, timeframe, range. Out: how many rows changed, and what is covered.
// Used by `bars` jobs and by the healing of bar gaps.
import type { WireTimeframe } from '@fxtape/fxsocket';
import {
  barEndOf,
  type BarRow,
  barWidthUs,
  brokerMs,
  closedUntil,
  DAY_US,
  parseBrokerTime,
  type Range,
  utcMs,
} from '@fxtape/market';
import { FxtapeError } from '@fxtape/ops';
import { barSource } from '../fetch/bar-source.ts';
import { emptyHistory, isNotReady } from '../fetch/history-errors.ts';
import type { HistoryAnswer } from '../fetch/history-source.ts';
import { storeBars } from '../store/store-bars.ts';
import type { SyncContext, SyncOutcome } from '../context/sync-context.ts';
import { syncRange } from './sync-range.ts';

/** A range without bars that ended this long ago was quiet; a more recent one may not be loaded yet. */
const SETTLED_US = DAY_US;

/**
 * Errors: SYMBOL_NOT_LISTED, FEED_UNKNOWN, HISTORY_CUT_WITHIN_MOMENT (terminal); HISTORY_NOT_READY, HISTORY_TOO_SLOW,
 * HISTORY_CONTRADICTS (transient); ComeAgain; those of client and database.
 */
export async function syncBars(
  c: SyncContext,
  of: {
    readonly symbol: string;
    readonly timeframe: WireTimeframe;
    readonly range: Range;
    readonly again?: boolean;
  },
): Promise<SyncOutcome> {
  const { symbol, timeframe } = of;
  const { account } = c;
  const { feed, rule } = account;
  if (feed === null) throw noFeed(account.account);
  const closedUs = closedUntil(timeframe, await account.brokerNowMs(c.signal), rule);
  // A bar that just ended counts as closed once the next one is in the answer, so the next one is asked for too.
  const range = {
    fromUs: of.range.fromUs,
    toUs: Math.min(of.range.toUs, Math.max(closedUs, await account.nowUs(c.signal))),
  };
  if (range.toUs <= range.fromUs) return { rows: 0, requests: 0, covered: [], outcome: 'nothing_there' };
  const source = barSource(c, { feed, symbol, timeframe });
  const bars = { feed, symbol, timeframe };
  return syncRange<BarRow>(
    c,
    {
      source,
      key: { account: account.account, stream: 'bars', ...bars },
      kind: 'history_bar',
      claims: true,
      again: of.again ?? false,
      store: (page) => storeBars(c, bars, page),
      rangeOf: (raw) => rangeOfBar(raw, timeframe, c),
      provenToUs: (page) => provenToUs(c, source.tailIsTight, { ...bars, closedUs }, page),
      noneAtAll: (empty) => {
        throw emptyHistory(source.what, empty);
      },
    },
    range,
  );
}

/**
 * Up to when an answer proves that no bar is missing. A later bar in the answer proves it, and so does age. At the newest end, an answer that stops
 * early is complete only if the broker's last quote is older than the part without bars; otherwise its newest bars are not loaded yet.
 */
async function provenToUs(
  c: SyncContext,
  tailIsTight: (lastUs: number, toUs: number) => boolean,
  of: { symbol: string; timeframe: string; closedUs: number },
  page: HistoryAnswer<BarRow>,
): Promise<number> {
  if (page.openFromUs !== null) return Math.min(page.range.toUs, page.openFromUs);
  const last = page.rows.at(-1);
  // A bar that no other bar follows may still be forming.
  const settledUs = Math.max(of.closedUs, last === undefined ? 0 : endOfBar(last, of.timeframe, c));
  const toUs = Math.min(page.range.toUs, settledUs);
  if (last !== undefined && tailIsTight(last.ts, toUs)) return toUs;
  const nowUs = await c.account.nowUs(c.signal);
  if (toUs <= nowUs - SETTLED_US) return toUs;
  const endUs = last === undefined ? page.range.fromUs : endOfBar(last, of.timeframe, c);
  const quoteUs = await lastQuoteUs(c, of.symbol, nowUs);
  return quoteUs !== null && quoteUs < endUs ? toUs : Math.min(endUs, toUs);
}

/** Time of the broker's last quote; null if the terminal knows none. */
async function lastQuoteUs(c: SyncContext, symbol: string, nowUs: number): Promise<number | null> {
  try {
    const quote = await c.ask({ route: '/getQuote', purpose: 'facts' }, (signal) =>
      c.account.rest.quote(symbol, { signal, retry: 'transport' }),
    );
    const time = parseBrokerTime(quote.time);
    return time === null ? null : c.account.rule.read(time.ms, { utcMs: nowUs / 1000 }).ms * 1000;
  } catch (error) {
    if (isNotReady(error)) return null;
    throw error;
  }
}

const endOfBar = (row: BarRow, timeframe: string, c: SyncContext): number => {
  const open = c.account.rule.toBroker(utcMs(row.ts / 1000));
  return c.account.rule.read(barEndOf(timeframe, open), { utcMs: row.ts / 1000 }).ms * 1000;
};

/** The range of the bar that a row would have become if it could be stored. */
function rangeOfBar(raw: unknown, timeframe: string, c: SyncContext): Range | null {
  const facts = raw as { time?: unknown; ts?: unknown } | null;
  if (typeof facts?.ts === 'number') return { fromUs: facts.ts, toUs: facts.ts + barWidthUs(timeframe) };
  const time = typeof facts?.time === 'string' ? parseBrokerTime(facts.time) : null;
  if (time === null) return null;
  const { rule } = c.account;
  const fromUs = rule.read(time.ms, { fold: 1 }).ms * 1000;
  const end = brokerMs(time.ms + barWidthUs(timeframe) / 1000);
  return { fromUs, toUs: rule.read(end, { fold: 2 }).ms * 1000 };
}

const noFeed = (account: string): FxtapeError =>
  new FxtapeError({
    code: 'FEED_UNKNOWN',
    message: `the account "${account}" records no market data`,
    context: { account },
  });
