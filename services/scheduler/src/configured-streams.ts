// Since when each stream is configured, as rows of `streams`. In: the configuration, the symbols that the broker lists, and the stored rows.
// Out: rows to append (streams that began or ended), and every current stream with its beginning. A symbol that is named exactly is a stream
// even if the broker does not list it, and one that a pattern matched stays a stream until it is proved gone: its absence is a gap, too.
import { type AccountConfig, matchSymbols, TIMEFRAMES, type Timeframe } from '@fxtape/config';
import { streamId, type StreamKey, streamsOfSymbol, type TableRow } from '@fxtape/market';
import type { ConfiguredSince } from './plan/plan-input.ts';

type StreamRow = TableRow<'streams'>;

export interface StreamChanges {
  readonly rows: readonly StreamRow[];
  readonly streams: readonly ConfiguredSince[];
  /** Symbols that the broker does not list now, so no history can be requested. */
  readonly unlisted: ReadonlySet<string>;
}

/** Timeframes that are streamed or backfilled. */
export const timeframesOf = (config: AccountConfig): Timeframe[] =>
  TIMEFRAMES.filter(
    (timeframe) =>
      config.timeframes.includes(timeframe) || (config.backfill.bars[timeframe] ?? null) !== null,
  );

export function streamChanges(o: {
  config: AccountConfig;
  listed: readonly string[];
  /** Symbols that were listed, are not listed now, and are not proved gone. */
  missing: readonly string[];
  known: readonly StreamRow[];
  nowUs: number;
  /** By `streamId`: the earliest time that the live recording accounts for. */
  recordedSinceUs: ReadonlyMap<string, number>;
}): StreamChanges {
  const { config, known, nowUs } = o;
  const { matched, unknown } = matchSymbols(config.marketData?.symbols ?? [], [...o.listed, ...o.missing]);
  const timeframes = timeframesOf(config);
  const ofSymbol = (symbol: string): StreamKey[] => streamsOfSymbol(symbol, timeframes);
  const wanted = [
    ...config.accountData.map((stream): StreamKey => ({ stream, symbol: null, timeframe: null })),
    ...[...matched, ...unknown].flatMap(ofSymbol),
  ];
  const wantedIds = new Set(wanted.map(streamId));
  const feed = config.marketData?.feed ?? null;
  const open = Map.groupBy(
    known.filter((row) => (row.ts_to ?? null) === null),
    idOf,
  );
  const ended = new Set(known.filter((row) => (row.ts_to ?? null) !== null).map(idOf));
  const rows: StreamRow[] = [];
  const streams = wanted.map((key): ConfiguredSince => {
    const id = streamId(key);
    const ofFeed = (open.get(id) ?? []).filter((row) => key.symbol === null || row.feed === feed);
    const first = ofFeed.reduce((least, row) => Math.min(least, row.ts), Number.POSITIVE_INFINITY);
    if (first !== Number.POSITIVE_INFINITY) return { ...key, sinceUs: first };
    // A stream that ended before begins anew: earlier recordings belong to its earlier row.
    const sinceUs = ended.has(id) ? nowUs : Math.min(nowUs, o.recordedSinceUs.get(id) ?? nowUs);
    rows.push(row(config.name, key.symbol === null ? null : feed, key, sinceUs));
    return { ...key, sinceUs };
  });
  for (const [id, ofStream] of open) {
    for (const one of ofStream) {
      const foreignFeed = (one.symbol ?? null) !== null && (one.feed ?? null) !== feed;
      if (wantedIds.has(id) && !foreignFeed) continue;
      rows.push({ ...one, ts_to: Math.max(nowUs, one.ts), reason: 'not configured any more' });
    }
  }
  return { rows, streams, unlisted: new Set([...unknown, ...o.missing]) };
}

/** The rows that end every open stream of an account that is no longer configured, or not under this name. */
export const endedStreams = (
  known: readonly StreamRow[],
  nowUs: number,
  reason = 'the account is not configured any more',
): StreamRow[] =>
  known
    .filter((one) => (one.ts_to ?? null) === null)
    .map((one) => ({
      ...one,
      ts_to: Math.max(nowUs, one.ts),
      reason,
    }));

const idOf = (one: StreamRow): string =>
  streamId({
    stream: one.stream as StreamKey['stream'],
    symbol: one.symbol ?? null,
    timeframe: one.timeframe ?? null,
  });

const row = (account: string, feed: string | null, key: StreamKey, sinceUs: number): StreamRow => ({
  ts: sinceUs,
  account,
  feed,
  symbol: key.symbol,
  stream: key.stream,
  timeframe: key.timeframe,
  ts_to: null,
  reason: null,
});
