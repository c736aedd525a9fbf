// Reads a long range of bars in pages, because a terminal times out on a year of M1 in one request. In: a range and a function that reads a
// part of it. Out: the bars one by one, oldest first, `[from, to)`, without duplicates. A page that is too large is read in halves.

import { FxSocketError } from '../errors.ts';
import { badArgument } from '../options.ts';
import { checkedBound, wallMs, wallText } from '../wire/broker-time.ts';
import type { WirePriceBar, WireTimeframe } from '../wire/market.ts';
import type { ListAnswer, RejectedRow } from './answer.ts';
import type { CallOptions } from './call.ts';

export interface BarsQuery {
  readonly symbol: string;
  readonly timeframe: WireTimeframe;
  /** Inclusive; broker time without a zone. */
  readonly from: string;
  /** Exclusive; broker time without a zone. Default: the broker's current time. */
  readonly to?: string;
}

/** `deadlineMs` applies to each request. */
export interface BarsOptions extends CallOptions {
  /** Bars in the first request; default 5000. Later pages adapt to the terminal. */
  readonly pageBars?: number;
  /** Receives rows that are not bars. Default: the iteration throws FXSOCKET_SHAPE, because a missing bar would look like a quiet market. */
  readonly onRejected?: (row: RejectedRow) => void;
}

export interface BarSource {
  ask(part: Required<BarsQuery>, call: CallOptions): Promise<ListAnswer<WirePriceBar>>;
  /** The broker's current time. */
  now(call: CallOptions): Promise<string>;
}

const MINUTE_MS = 60_000;
const DAY_MS = 1440 * MINUTE_MS;
const STEP_MS: Readonly<Record<WireTimeframe, number>> = {
  M1: MINUTE_MS,
  M5: 5 * MINUTE_MS,
  M15: 15 * MINUTE_MS,
  M30: 30 * MINUTE_MS,
  H1: 60 * MINUTE_MS,
  H4: 240 * MINUTE_MS,
  D1: DAY_MS,
  W1: 7 * DAY_MS,
  MN1: 31 * DAY_MS,
};
const PAGE_BARS = 5000;
/** Pages are not halved below this: a page that still fails has another problem. */
const LEAST_BARS = 60;
/** Pages grow up to this multiple of `pageBars`. */
const GROWTH = 4;
/** A page size that was too large is tried again after this many pages, because the terminal may just have been busy. */
const TRY_AGAIN_AFTER = 50;
const TOO_MUCH = new Set(['FXSOCKET_TERMINAL_TIMEOUT', 'FXSOCKET_BODY_TOO_LARGE', 'FXSOCKET_DEADLINE']);

/** @throws FxSocketError: FXSOCKET_BAD_ARGUMENT, FXSOCKET_SHAPE, and whatever the source throws */
export async function* readBars(
  source: BarSource,
  query: BarsQuery,
  options: BarsOptions = {},
): AsyncGenerator<WirePriceBar, void, undefined> {
  const { onRejected = refuse, pageBars = PAGE_BARS, ...call } = options;
  const { symbol, timeframe } = query;
  const stepMs = STEP_MS[timeframe];
  if (stepMs === undefined) throw badArgument(`timeframe: ${String(timeframe)} does not exist`);
  if (!Number.isSafeInteger(pageBars) || pageBars < 1)
    throw badArgument(`pageBars must be a whole number of at least 1, not ${pageBars}`);
  let at = wallOf('from', query.from);
  const end = query.to === undefined ? nowMs(await source.now(call)) : wallOf('to', query.to);
  let bars = pageBars;
  let tooMuch = Number.POSITIVE_INFINITY;
  let pagesSince = 0;
  while (at < end) {
    const until = Math.min(end, at + bars * stepMs);
    const part = { symbol, timeframe, from: wallText(at), to: wallText(until) };
    let answer: ListAnswer<WirePriceBar>;
    try {
      answer = await source.ask(part, call);
    } catch (error) {
      if (!isTooMuch(error) || bars <= LEAST_BARS) throw error;
      tooMuch = bars;
      pagesSince = 0;
      bars = Math.max(LEAST_BARS, Math.floor(bars / 2));
      continue;
    }
    for (const row of answer.rejected) onRejected(row);
    for (const row of answer.rows) {
      const ms = wallMs(row.time);
      if (ms === null) onRejected({ raw: row, reason: 'time: not a broker time' });
      // Bridges may or may not include `to`; a bar belongs to the page in which it opens.
      else if (ms >= at && ms < until) yield row;
    }
    at = until;
    if (++pagesSince === TRY_AGAIN_AFTER) tooMuch = Number.POSITIVE_INFINITY;
    const larger = Math.min(pageBars * GROWTH, bars * 2);
    if (larger < tooMuch) bars = larger;
  }
}

const isTooMuch = (error: unknown): boolean =>
  error instanceof FxSocketError && (TOO_MUCH.has(error.code) || error.status === 504);

/** The bar of the current minute is included although it is still forming. */
function nowMs(time: string): number {
  const ms = wallMs(time);
  if (ms !== null) return ms + 1000;
  throw new FxSocketError({
    code: 'FXSOCKET_SHAPE',
    message: `serverTime of /ServerTimezone is not a broker time: ${JSON.stringify(time)}. Pass \`to\``,
  });
}

function wallOf(name: string, bound: string): number {
  checkedBound(name, bound);
  const ms = wallMs(bound);
  if (ms === null) throw badArgument(`${name}: ${bound} is not a date`);
  return Math.ceil(ms / 1000) * 1000;
}

function refuse({ reason }: RejectedRow): never {
  throw new FxSocketError({ code: 'FXSOCKET_SHAPE', message: `a bar cannot be read: ${reason}` });
}
