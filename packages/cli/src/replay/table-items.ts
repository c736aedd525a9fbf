// Rebuilds frames from the tables, for a period whose tape is gone. In: a feed and a period of receive times. Out: its ticks and bars in
// the order of receipt, page by page. Rows that history added are left out, because no socket sent them.
import type { RecordedFrame } from '@fxtape/simulator/replay';
import { type BrokerMs, formatBrokerTime } from '@fxtape/market';
import { systemClock } from '@fxtape/ops';
import {
  asObjects,
  type Cell,
  type QuestDbHttp,
  requireSettled,
  sqlText,
  sqlTimestamp,
} from '@fxtape/questdb';
import type { Period } from './tape-items.ts';

type Exec = Pick<QuestDbHttp, 'exec'>;
type Row = Record<string, Cell>;

const MINUTE_US = 60_000_000;
/** About this many rows per page; a minute with more is a page of its own. */
const PAGE_ROWS = 50_000;

const SOURCES = {
  ticks: {
    columns: 'symbol, bid, ask, last, volume',
    where: " AND source != 'history'",
    text: (row: Row, time: string): string => {
      const { ask, bid, last, symbol, volume } = row;
      const lastDeal = { ...(last === null ? {} : { last }), ...(volume === null ? {} : { volume }) };
      return JSON.stringify({ type: 'tick', symbol, data: { symbol, bid, ask, time, ...lastDeal } });
    },
  },
  bar_events: {
    columns: 'symbol, timeframe, open, high, low, close, tick_volume, real_volume, spread_points',
    where: '',
    text: (row: Row, time: string): string => {
      const { close, high, low, open, symbol, timeframe } = row;
      const counts = Object.entries({
        tickVolume: row['tick_volume'],
        realVolume: row['real_volume'],
        spread: row['spread_points'],
      }).flatMap(([name, value]) => (value === null ? [] : [[name, Number(value)]]));
      const data = { time, open, high, low, close, ...Object.fromEntries(counts) };
      return JSON.stringify({ type: 'bar', symbol, timeframe, data });
    },
  },
} as const;

type Source = keyof typeof SOURCES;
const NAMES = Object.keys(SOURCES) as Source[];

const received = (feed: string, { fromUs, toUs }: Period, source: Source): string =>
  `feed = ${sqlText(feed)} AND ts_recv >= ${sqlTimestamp(fromUs)} AND ts_recv < ${sqlTimestamp(toUs)}${SOURCES[source].where}`;

/** What a page reads of a table: how many rows, and the bounds of their `ts`, so that only those partitions are read. */
interface Part {
  rows: number;
  lowUs: number;
  highUs: number;
}
type Page = { fromUs: number; toUs: number; readonly parts: Map<Source, Part> };

/** Throws the errors of `exec` and `requireSettled`. */
export async function* tableItems(
  http: Exec,
  feed: string,
  period: Period,
): AsyncGenerator<readonly RecordedFrame[]> {
  for (const page of await pagesOf(http, feed, period)) {
    const read = [...page.parts].map(([source, part]) => readPart(http, feed, page, source, part));
    const frames = (await Promise.all(read)).flat();
    yield frames.sort((a, b) => a.tsRecv - b.tsRecv);
  }
}

/** The symbols with ticks, and the bars, that the tables have for a period. */
export async function tableStreams(
  http: Exec,
  feed: string,
  period: Period,
): Promise<{ symbols: string[]; bars: { symbol: string; timeframe: string }[] }> {
  const ask = async (columns: string, source: Source) =>
    asObjects(
      await http.exec(`SELECT DISTINCT ${columns} FROM ${source} WHERE ${received(feed, period, source)}`),
    );
  const symbols = (await ask('symbol', 'ticks')).map((row) => String(row['symbol']));
  const bars = await ask('symbol, timeframe', 'bar_events');
  return {
    symbols,
    bars: bars.map((row) => ({ symbol: String(row['symbol']), timeframe: String(row['timeframe']) })),
  };
}

async function pagesOf(http: Exec, feed: string, period: Period): Promise<Page[]> {
  await requireSettled(http, systemClock(), NAMES);
  const minutes = new Map<number, Map<Source, Part>>();
  for (const source of NAMES) {
    const answer = await http.exec(
      `SELECT cast(timestamp_floor('m', ts_recv) as long) minute, count() rows, cast(min(ts) as long) low, cast(max(ts) as long) high
        FROM ${source} WHERE ${received(feed, period, source)}`,
    );
    for (const row of asObjects(answer)) {
      const minute = minutes.get(Number(row['minute'])) ?? new Map<Source, Part>();
      minutes.set(Number(row['minute']), minute);
      const [lowUs, highUs] = [Number(row['low']), Number(row['high'])];
      minute.set(source, { rows: Number(row['rows']), lowUs, highUs });
    }
  }
  const pages: Page[] = [];
  let rows = Number.POSITIVE_INFINITY;
  for (const [fromUs, parts] of [...minutes].sort(([a], [b]) => a - b)) {
    const more = [...parts.values()].reduce((sum, part) => sum + part.rows, 0);
    const page = pages.at(-1);
    if (page === undefined || rows + more > PAGE_ROWS) {
      pages.push({
        fromUs: Math.max(fromUs, period.fromUs),
        toUs: Math.min(fromUs + MINUTE_US, period.toUs),
        parts,
      });
      rows = more;
      continue;
    }
    rows += more;
    page.toUs = Math.min(fromUs + MINUTE_US, period.toUs);
    for (const [source, part] of parts) widen(page.parts, source, part);
  }
  return pages;
}

function widen(parts: Map<Source, Part>, source: Source, { highUs, lowUs, rows }: Part): void {
  const before = parts.get(source) ?? { rows: 0, lowUs, highUs };
  parts.set(source, {
    rows: before.rows + rows,
    lowUs: Math.min(before.lowUs, lowUs),
    highUs: Math.max(before.highUs, highUs),
  });
}

async function readPart(
  http: Exec,
  feed: string,
  period: Period,
  source: Source,
  { highUs, lowUs }: Part,
): Promise<RecordedFrame[]> {
  const { columns, text } = SOURCES[source];
  const answer = await http.exec(
    `SELECT cast(ts as long) ts, cast(ts_recv as long) ts_recv, utc_offset_s, ${columns} FROM ${source}
      WHERE ts >= ${sqlTimestamp(lowUs)} AND ts <= ${sqlTimestamp(highUs)} AND ${received(feed, period, source)}`,
  );
  return asObjects(answer).map((row) => {
    const brokerMs = Math.floor(Number(row['ts']) / 1000) + Number(row['utc_offset_s']) * 1000;
    const frame = text(row, formatBrokerTime(brokerMs as BrokerMs));
    return { tsRecv: Number(row['ts_recv']), frame, frameKind: 'json' };
  });
}
