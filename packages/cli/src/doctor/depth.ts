// How far back each stream of an account can be fetched. In: what its terminal offers, and what QuestDB knows of its history. Out: a row
// per symbol and stream: the earliest instant that the broker has (learned by a backfill), where history comes from, and whether a gap
// of the live stream can be filled from it.
import type { AccountConfig, Depth } from '@fxtape/config';
import { hasRoute, type OpenApiDocument, routeParameters } from '@fxtape/fxsocket';
import { isoMs } from '../print/instant.ts';
import { count, spellDuration } from '../print/quantity.ts';
import { table } from '../print/table.ts';

/** `unknown`: its OpenAPI document could not be read. */
export type TickRoute = 'full' | 'dates_only' | 'absent' | 'unknown';

/** What the terminal of an account offers. */
export interface HistoryOffer {
  readonly account: AccountConfig;
  /** The configured symbols that the broker lists. */
  readonly symbols: readonly string[];
  readonly quoteTicks: TickRoute;
}

/** The columns of `history_limits` that are used here. */
export interface KnownLimit {
  readonly symbol: string | null;
  readonly stream: string;
  readonly timeframe: string | null;
  /** Microseconds UTC. */
  readonly ts_earliest?: number | null;
}

export interface DepthRow {
  readonly account: string;
  readonly symbol: string | null;
  readonly stream: string;
  readonly timeframe: string | null;
  /** ISO 8601 UTC; null: no backfill has reached it yet. */
  readonly earliest: string | null;
  /** How far back it is configured; null: not at all. */
  readonly wanted: string | null;
  /** The route; null: there is none. */
  readonly source: string | null;
  /** Null: not known. */
  readonly healable: boolean | null;
  readonly why: string | null;
}

export function tickRouteOf(document: OpenApiDocument | null): TickRoute {
  if (document === null) return 'unknown';
  if (!hasRoute(document, '/QuoteTicks')) return 'absent';
  const bounds = routeParameters(document, '/QuoteTicks')?.filter(({ name }) =>
    ['from', 'to'].includes(name),
  );
  return bounds?.some(({ format }) => format === 'date') === true ? 'dates_only' : 'full';
}

/** Null limits: QuestDB could not be queried. */
export function depthRows(offer: HistoryOffer, limits: readonly KnownLimit[] | null): DepthRow[] {
  const { account, symbols } = offer;
  const earliest = (stream: string, symbol: string | null, timeframe: string | null): string | null => {
    const found = limits?.find(
      (limit) => limit.stream === stream && limit.symbol === symbol && limit.timeframe === timeframe,
    );
    const us = found?.ts_earliest ?? null;
    return us === null ? null : isoMs(us);
  };
  const row = (
    of: Pick<DepthRow, 'symbol' | 'stream' | 'timeframe' | 'source' | 'healable'>,
    wanted: Depth | undefined,
    why: string | null = null,
  ): DepthRow => ({
    account: account.name,
    ...of,
    earliest: earliest(of.stream, of.symbol, of.timeframe),
    wanted: wanted === undefined || wanted === null ? null : spellDepth(wanted),
    why,
  });
  const timeframes = [...new Set([...account.timeframes, ...Object.keys(account.backfill.bars)])];
  const market = symbols.flatMap((symbol) => [
    row(
      { symbol, stream: 'ticks', timeframe: null, ...ticksFrom(offer) },
      account.backfill.ticks,
      ticksWhy(offer),
    ),
    ...timeframes.map((timeframe) =>
      row(
        { symbol, stream: 'bars', timeframe, source: '/PriceHistory', healable: true },
        account.backfill.bars[timeframe as keyof typeof account.backfill.bars],
      ),
    ),
  ]);
  const own = account.accountData.map((stream) => {
    const of = { symbol: null, stream, timeframe: null };
    if (stream === 'deals')
      return row({ ...of, source: '/OrderHistory', healable: true }, account.backfill.deals);
    if (stream === 'positions') {
      const why = 'only closed round trips; open positions are recorded only as streamed';
      return row({ ...of, source: '/PositionHistory', healable: false }, account.backfill.deals, why);
    }
    return row({ ...of, source: null, healable: false }, undefined, 'the gateway keeps no history of it');
  });
  return [...market, ...own];
}

const SHOWN = 40;

export function depthLines(rows: readonly DepthRow[]): string[] {
  if (rows.length === 0) return [];
  const cells = rows
    .slice(0, SHOWN)
    .map((row) => [
      row.account,
      row.symbol ?? '',
      row.timeframe === null ? row.stream : `${row.stream} ${row.timeframe}`,
      row.earliest ?? (row.source === null ? '' : 'not known yet'),
      row.wanted ?? '',
      row.source ?? 'none',
      [row.healable === null ? 'not known' : row.healable ? 'yes' : 'no', row.why]
        .filter((part) => part !== null)
        .join(': '),
    ]);
  const heads = ['ACCOUNT', 'SYMBOL', 'STREAM', 'EARLIEST (UTC)', 'WANTED', 'SOURCE', 'HEALABLE'];
  const more = rows.length - cells.length;
  return [
    ...table(heads, cells),
    ...(more === 0 ? [] : [`and ${count(more, 'more row')}; all of them with --json`]),
  ];
}

function ticksFrom({ quoteTicks }: HistoryOffer): Pick<DepthRow, 'source' | 'healable'> {
  if (quoteTicks === 'absent') return { source: null, healable: false };
  if (quoteTicks === 'unknown') return { source: null, healable: null };
  return { source: '/QuoteTicks', healable: true };
}

function ticksWhy({ quoteTicks }: HistoryOffer): string | null {
  if (quoteTicks === 'absent') return 'this bridge has no /QuoteTicks';
  if (quoteTicks === 'unknown') return 'its OpenAPI document could not be read';
  return quoteTicks === 'dates_only' ? 'by whole broker days' : null;
}

const spellDepth = (depth: number | 'all'): string => (depth === 'all' ? 'all' : spellDuration(depth));
