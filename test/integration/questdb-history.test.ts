// What the planner and the backfill workers read is what was written, whatever the names and however large the ids; and nobody is told
// "nothing there" by a table that lags.
import { MOMENT_GAPS, momentGapId } from '@fxtape/market';
import { createLog, systemClock } from '@fxtape/ops';
import { type RowInput, tables } from '@fxtape/market';
import {
  AppliedWatch,
  AppliedWriter,
  HistoryReader,
  TradeReader,
  PlanningReader,
  migrate,
  QuestDbHttp,
  Reader,
  type RowsByTable,
  type StreamKeyOf,
  TableWriter,
} from '@fxtape/questdb';
import { type QuestDbServer, startQuestDb } from '@fxtape/testkit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { seeded } from './tape-content.ts';

const log = createLog({ service: 'test', level: 'silent' });
const clock = systemClock();
const signal = new AbortController().signal;
let server: QuestDbServer;
let http: QuestDbHttp;
let reader: HistoryReader;
let planning: PlanningReader;
let writer: AppliedWriter;

beforeAll(async () => {
  server = await startQuestDb();
  http = new QuestDbHttp({ conf: server.conf });
  await migrate({ client: http, log });
});
afterAll(async () => {
  http?.close();
  await server?.close();
});
beforeEach(async () => {
  for (const table of Object.keys(tables)) await http.exec(`TRUNCATE TABLE ${table}`);
  reader = new HistoryReader({ http, clock });
  planning = new PlanningReader({ http, clock });
  writer = new AppliedWriter({
    writer: new TableWriter({ http, log, clock, random: Math.random, commitEveryMs: 0 }),
    applied: new AppliedWatch({ http, clock }),
  });
});

const write = async (rows: RowsByTable) => {
  expect(await writer.write(rows, { signal })).toEqual({ condemned: [] });
};
const MINUTE = 60_000_000;
const T = Date.UTC(2026, 0, 31, 23, 50) * 1000;
const NAMES = ["O'Brien & Co", 'US 30 "cash"', 'a=b,c\\d', 'Gold-漢字-é🙂', '100%+_#?', "';--"];
const FEED = "icm 'live' – ü";

type Bar = RowInput<'bars'> & RowInput<'bar_revisions'>;
const bar = (symbol: string, minute: number, more: Partial<Bar> = {}): Bar => ({
  ts: T + minute * MINUTE,
  feed: FEED,
  symbol,
  timeframe: 'M1',
  open: 0.1 + 0.2,
  high: 1.234_567_890_123_456_7,
  low: 1e-9,
  close: 123_456_789.123_456_79,
  tick_volume: 7,
  real_volume: 0,
  spread_points: 12,
  utc_offset_s: 10_800,
  ts_seen: T + 86_400_000_000,
  ...more,
});
type Deal = RowInput<'deals'> & RowInput<'deal_revisions'>;
const deal = (id: number | bigint, more: Partial<Deal> = {}): Deal => ({
  ts: T,
  account: 'acc',
  deal_id: id,
  order_id: 2n ** 63n - 1n,
  position_id: null,
  symbol: null,
  type: 'Balance',
  entry: null,
  volume: null,
  price: 0,
  commission: -0.000_1,
  swap: 0,
  profit: 100,
  magic: -(2n ** 60n),
  comment: 'line\nbreak "quoted" \\ 漢',
  utc_offset_s: 7200,
  ts_seen: T,
  ...more,
});

test('bars come back bit for bit, of that symbol and half-open range alone, in order', async () => {
  const rows = NAMES.flatMap((symbol) => [bar(symbol, 20), bar(symbol, 0), bar(symbol, 10)]);
  const empty = { open: null, tick_volume: null, real_volume: 2n ** 62n, spread_points: null };
  await write({ bars: [...rows, bar('nulls', 0, empty), bar('other', 5, { timeframe: 'M5' })] });
  for (const symbol of NAMES) {
    const key = { feed: FEED, symbol, timeframe: 'M1' };
    const all = await reader.bars(key, { fromUs: T, toUs: T + 20 * MINUTE + 1 });
    expect(all).toEqual([bar(symbol, 0), bar(symbol, 10), bar(symbol, 20)]);
    const some = await reader.bars(key, { fromUs: T + 1, toUs: T + 20 * MINUTE });
    expect(some).toEqual([bar(symbol, 10)]);
  }
  const range = { fromUs: T, toUs: T + 1 };
  expect(await reader.bars({ feed: FEED, symbol: 'nulls', timeframe: 'M1' }, range)).toEqual([
    bar('nulls', 0, empty),
  ]);
  expect(await reader.bars({ feed: FEED, symbol: 'nulls', timeframe: 'H1' }, range)).toEqual([]);
  expect(await reader.bars({ feed: 'none', symbol: 'nulls', timeframe: 'M1' }, range)).toEqual([]);
});

test('of the versions of a bar the one seen last; each of three moments is answered with what was known', async () => {
  const symbol = NAMES[0] as string;
  const seen = (close: number, atMinute: number, minute = 0) =>
    bar(symbol, minute, { close, ts_seen: T + atMinute * MINUTE });
  // A, then B, then A again; written out of order, and once more.
  const versions = [seen(2, 30), seen(1, 10), seen(1, 50), seen(9, 11, 5)];
  await write({ bar_revisions: versions });
  await write({ bar_revisions: versions.slice(0, 2) });
  const key = { feed: FEED, symbol, timeframe: 'M1' };
  const latest = await reader.latestBarRevisions(key, { fromUs: T, toUs: T + 10 * MINUTE });
  expect(latest).toEqual([seen(1, 50), seen(9, 11, 5)]);
  const known = async (atMinute: number) => {
    const at = new Date((T + atMinute * MINUTE) / 1000).toISOString();
    const { dataset } = await http.exec(
      `SELECT close FROM (SELECT ts, close, row_number() OVER (PARTITION BY ts ORDER BY ts_seen DESC) version
         FROM bar_revisions WHERE symbol = 'O''Brien & Co' AND ts_seen <= '${at}') WHERE version = 1 ORDER BY ts`,
    );
    return dataset.map(([close]) => close);
  };
  expect([await known(9), await known(10), await known(30), await known(49), await known(50)]).toEqual([
    [],
    [1],
    [2, 9],
    [2, 9],
    [1, 9],
  ]);
});

test('ids beyond 2^53 are exact, in keys and in questions', async () => {
  const near = 2n ** 53n;
  const ids = [near + 1n, near + 2n, near + 3n, 5, Number.MAX_SAFE_INTEGER];
  await write({
    deals: [...ids.map((id) => deal(id)), deal(6, { account: 'other' }), deal(7, { ts: T + 5 })],
    deal_revisions: [deal(near + 1n), deal(near + 1n, { profit: 5, ts_seen: T + 9 }), deal(near + 2n)],
    positions: [
      { ts: T, account: 'acc', position_id: near + 1n, ts_close: T + 5, magic: near + 7n, ts_seen: T },
      { ts: T, account: 'acc', position_id: near + 3n, ts_close: null, ts_seen: T },
    ],
  });
  expect(await reader.dealsById('acc', [near + 1n])).toEqual([deal(near + 1n)]);
  expect((await reader.dealsById('acc', ids)).map((row) => row.deal_id).toSorted(byId)).toEqual(
    [...ids].toSorted(byId),
  );
  expect(await reader.dealsById('acc', [6, near + 4n])).toEqual([]);
  expect(await reader.dealsById('acc', [])).toEqual([]);
  await expect(reader.dealsById('acc', [2 ** 53])).rejects.toThrow('not an exact id');
  const trades = new TradeReader({ http, clock });
  expect(await trades.between('deals', 'acc', { fromUs: T + 1, toUs: T + 6 })).toEqual([
    { id: '7', atUs: T + 5 },
  ]);
  expect(await trades.between('deals', 'acc', { fromUs: T + 1, toUs: T + 5 })).toEqual([]);
  const revisions = await reader.latestDealRevisions('acc', [near + 1n, near + 2n, near + 3n]);
  expect(revisions.toSorted((a, b) => byId(a.deal_id, b.deal_id))).toEqual([
    deal(near + 1n, { profit: 5, ts_seen: T + 9 }),
    deal(near + 2n),
  ]);
  expect(await reader.positionsById('acc', [near + 1n])).toMatchObject([
    { position_id: near + 1n, ts_close: T + 5, magic: near + 7n, comment: null, net_profit: null },
  ]);
});

test('thousands of ids are asked in pieces', async () => {
  const ids = Array.from({ length: 2_500 }, (_, i) => 10n ** 18n + BigInt(i));
  await write({ deals: ids.map((id) => deal(id)) });
  const found = await reader.dealsById('acc', ids);
  expect(found.map((row) => row.deal_id).toSorted(byId)).toEqual(ids);
});

test('ticks: both ends, a limit that cuts no millisecond in two, counts by minute', async () => {
  const tick = (ms: number, recv: number, source = 'live'): RowInput<'ticks'> => ({
    ts: T + ms * 1000,
    feed: FEED,
    symbol: 'X',
    ts_recv: T + recv,
    bid: 1,
    ask: null,
    last: null,
    volume: null,
    utc_offset_s: 7200,
    source,
    quality: null,
  });
  const rows = [tick(0, 1), tick(1, 4), tick(1, 2), tick(1, 3), tick(60_000, 5), tick(119_999, 6, 'history')];
  await write({ ticks: [...rows, { ...tick(0, 1), symbol: 'Y' }] });
  const key = { feed: FEED, symbol: 'X' };
  const range = { fromUs: T, toUs: T + 2 * MINUTE };
  const received = async (options: object, of = range) =>
    (await reader.ticks(key, of, options)).map((row) => row.ts_recv - T);
  expect(await reader.ticks(key, { fromUs: T, toUs: T + 1 })).toEqual([tick(0, 1)]);
  expect(await received({})).toEqual([1, 2, 3, 4, 5, 6]);
  expect(await received({ newestFirst: true })).toEqual([6, 5, 4, 3, 2, 1]);
  expect(await received({ limit: 1 })).toEqual([1]);
  expect(await received({ limit: 2 })).toEqual([1, 2, 3, 4]);
  expect(await received({ limit: 3, newestFirst: true })).toEqual([6, 5, 4, 3, 2]);
  expect(await received({ limit: 9 })).toEqual([1, 2, 3, 4, 5, 6]);
  expect(await received({ limit: 9 }, { fromUs: T + 2 * MINUTE, toUs: T + 3 * MINUTE })).toEqual([]);
  const counts = await reader.tickCounts(key, { fromUs: T, toUs: T + 119_999_000 }, MINUTE);
  expect([...counts]).toEqual([
    [T, 4],
    [T + MINUTE, 1],
  ]);
});

test('volumes of M1 bars; unknown ones are left out', async () => {
  const key = { feed: FEED, symbol: 'X' };
  const volumes = [3, null, 0].map((tick_volume, i) => bar('X', i, { tick_volume }));
  await write({ bars: [...volumes, bar('X', 0, { timeframe: 'M5', tick_volume: 99 })] });
  expect(await reader.barVolumes(key, { fromUs: T, toUs: T + 5 * MINUTE })).toEqual([
    { fromUs: T, tickVolume: 3 },
    { fromUs: T + 2 * MINUTE, tickVolume: 0 },
  ]);
});

test('what was streamed after a moment, in order of receipt', async () => {
  const event = (minute: number, recv: number) => ({
    ts: T + minute * MINUTE,
    feed: FEED,
    symbol: 'X',
    timeframe: 'M1',
    ts_recv: T + recv,
  });
  await write({
    bar_events: [event(5, 30), event(6, 10), event(0, 20)],
    trade_events: [
      { ts: T, account: 'acc', ts_recv: T + 8, deal_id: 2n ** 53n + 1n },
      { ts: T, account: 'acc', ts_recv: T + 7 },
    ],
  });
  expect(await reader.barEventsAfter(T + 10)).toEqual([event(0, 20), event(5, 30)]);
  expect(await reader.barEventsAfter(T, { sinceUs: T + 1 })).toEqual([event(6, 10), event(5, 30)]);
  expect(await reader.barEventsAfter(T + 30)).toEqual([]);
  expect(await reader.tradeEventsAfter(T)).toEqual([
    { account: 'acc', deal_id: null, ts: T, ts_recv: T + 7 },
    { account: 'acc', deal_id: 2n ** 53n + 1n, ts: T, ts_recv: T + 8 },
  ]);
});

test('accounts, specifications, limits: the newest of each; rules and streams: all', async () => {
  const limit = (ts: number, symbol: string | null, timeframe: string | null, earliest: number | null) => ({
    ts,
    account: 'acc',
    feed: symbol === null ? null : FEED,
    symbol,
    stream: symbol === null ? 'deals' : 'bars',
    timeframe,
    ts_earliest: earliest,
    evidence: `{"at":${ts}}`,
  });
  const stream = (ts: number, symbol: string | null, toUs: number | null) => ({
    ts,
    account: 'acc',
    feed: null,
    symbol,
    stream: 'deals',
    timeframe: null,
    ts_to: toUs,
    reason: 'configured',
  });
  await write({
    accounts: [
      { ts: T, account: 'acc', account_id: 'uuid', login: 2n ** 53n + 1n, server: "S'1", leverage: 100 },
      { ts: T + 5, account: 'acc', account_id: 'uuid', login: 2n ** 53n + 1n, server: "S'1", leverage: 200 },
      { ts: T, account: 'zwei', account_id: 'uuid-2', login: 12, server: 'S2' },
    ],
    symbol_specs: [
      { ts: T, feed: FEED, symbol: NAMES[3] as string, digits: 2, sessions: '[{"day":1}]' },
      { ts: T + 1, feed: FEED, symbol: NAMES[3] as string, digits: 3, point: 0.001 },
      { ts: T, feed: 'other', symbol: 'X', digits: 9 },
    ],
    history_limits: [
      limit(T, null, null, T - 5),
      limit(T + 1, null, null, null),
      limit(T, 'X', 'M1', T),
      limit(T + 1, 'X', 'M1', T + 1),
      limit(T, 'X', 'M5', T + 2),
      { ...limit(T + 9, 'X', 'M1', T + 9), account: 'zwei' },
    ],
    clock_rules: [
      { ts: T, server: "S'1", ts_decided: T + 7, rule: 'UTC+3h', rule_id: 'r2', confidence: 'configured' },
      { ts: T, server: "S'1", ts_decided: T + 5, rule: 'UTC+2h', rule_id: 'r1', confidence: 'provisional' },
      { ts: T, server: 'S2', ts_decided: T, rule: 'UTC', rule_id: 'r0', confidence: 'recorded' },
    ],
    streams: [stream(T, null, null), stream(T + 1, 'X', T + 2)],
  });
  // The same again with an end: the same key, the same row.
  await write({ streams: [stream(T, null, T + 1)] });
  expect((await reader.accounts()).toSorted((a, b) => a.account.localeCompare(b.account))).toMatchObject([
    { ts: T + 5, account: 'acc', login: 2n ** 53n + 1n, server: "S'1", leverage: 200, feed: null },
    { ts: T, account: 'zwei', login: 12 },
  ]);
  const specs = await reader.latestSpecs(FEED);
  expect([...specs.keys()]).toEqual([NAMES[3]]);
  expect(specs.get(NAMES[3] as string)).toMatchObject({ digits: 3, point: 0.001, sessions: null });
  const limits = await reader.historyLimits('acc');
  expect(limits.toSorted((a, b) => a.ts - b.ts || (a.ts_earliest ?? 0) - (b.ts_earliest ?? 0))).toEqual([
    limit(T, 'X', 'M5', T + 2),
    limit(T + 1, null, null, null),
    limit(T + 1, 'X', 'M1', T + 1),
  ]);
  expect((await reader.clockRules("S'1")).map((row) => row.rule_id)).toEqual(['r1', 'r2']);
  expect(await reader.streams('acc')).toEqual([stream(T, null, T + 1), stream(T + 1, 'X', T + 2)]);
});

const claim = (
  key: Partial<StreamKeyOf>,
  from: number,
  to: number,
  source = 'history',
  rangeId = source,
): RowInput<'coverage'> => ({
  account: 'acc',
  feed: null,
  symbol: null,
  stream: 'deals',
  timeframe: null,
  ...key,
  ts: T + from,
  ts_to: T + to,
  range_id: rangeId,
  source,
  rows: 1,
  rule_id: `${source} ${to}`,
});
const M1 = { feed: FEED, symbol: NAMES[0] as string, stream: 'bars', timeframe: 'M1' };

test('coverage: claims that touch or overlap are one range, sources and keys are kept apart', async () => {
  await write({
    coverage: [
      claim({}, 0, 10),
      claim({}, 10, 20),
      claim({}, 21, 30),
      // Inside another, and one that reaches over two.
      claim({}, 22, 23),
      claim({}, 40, 90),
      claim({}, 50, 60),
      claim({}, 70, 95),
      // No range at all.
      claim({}, 200, 200),
      claim(M1, 0, 10),
      claim(M1, 0, 12, 'history', 'second'),
      claim({ ...M1, timeframe: 'M5' }, 10, 20),
      claim(M1, 5, 50, 'live'),
      claim({ account: 'other' }, 20, 21),
    ],
  });
  const ranges = await reader.coverage('acc', { source: 'history' });
  const of = (key: { stream: string; timeframe: string | null }) =>
    ranges
      .filter((range) => range.stream === key.stream && range.timeframe === key.timeframe)
      .map(({ fromUs, toUs }) => [fromUs - T, toUs - T]);
  expect(of({ stream: 'deals', timeframe: null })).toEqual([
    [0, 20],
    [21, 30],
    [40, 95],
  ]);
  expect(of(M1)).toEqual([[0, 12]]);
  expect(of({ stream: 'bars', timeframe: 'M5' })).toEqual([[10, 20]]);
  expect(await reader.coverage('acc', { source: 'live' })).toEqual([
    { account: 'acc', ...M1, source: 'live', fromUs: T + 5, toUs: T + 50 },
  ]);
  expect(await reader.coverage('acc')).toHaveLength(6);
  // Market data is the feed's, whoever recorded it.
  const heir = await reader.coverage('heir', { feed: M1.feed, source: 'live' });
  expect(heir).toEqual(await reader.coverage('acc', { source: 'live' }));
  expect(await reader.coverageOf({ account: 'heir', ...M1 }, 'live', { fromUs: T, toUs: T + 9 })).toEqual([
    { fromUs: T + 5, toUs: T + 50 },
  ]);
  expect(await reader.coverage("nobody's")).toEqual([]);

  const deals = claim({}, 0, 0) as unknown as StreamKeyOf;
  const touching = async (from: number, to: number) =>
    (await reader.coverageOf(deals, 'history', { fromUs: T + from, toUs: T + to })).map((range) => [
      range.fromUs - T,
      range.toUs - T,
    ]);
  expect(await touching(95, 100)).toEqual([[40, 95]]);
  expect(await touching(96, 100)).toEqual([]);
  expect(await touching(20, 40)).toEqual([
    [0, 20],
    [21, 30],
    [40, 95],
  ]);
  expect(await reader.coverageOf({ account: 'acc', ...M1 }, 'live', { fromUs: T, toUs: T + 9 })).toEqual([
    { fromUs: T + 5, toUs: T + 50 },
  ]);
  expect(await reader.newestRule('acc')).toBe('live 50');
  expect(await reader.newestRule('other')).toBeNull();
});

test('random claims: the ranges are those of uniting them one by one', async () => {
  const seed = Date.now() % 1_000_000;
  console.log(`seed ${seed}`);
  const random = seeded(seed);
  const keys = [{}, M1, { ...M1, timeframe: 'M5' }, { ...M1, symbol: null }];
  const rows = Array.from({ length: 400 }, (_, i) => {
    const from = Math.floor(random() * 4000);
    const key = keys[Math.floor(random() * keys.length)] as object;
    return claim(key, from, from + Math.floor(random() * 30), random() < 0.5 ? 'live' : 'history', `r${i}`);
  });
  await write({ coverage: rows });
  const expected: string[] = [];
  for (const key of keys) {
    for (const source of ['live', 'history']) {
      const mine = rows
        .filter((row) => row.source === source && Number(row.ts_to) > row.ts)
        .filter((row) =>
          Object.entries(claim(key, 0, 0)).every(([k, v]) => !KEY.has(k) || row[k as 'feed'] === v),
        );
      for (const [from, to] of union(mine)) expected.push(line({ ...claim(key, 0, 0), source }, from, to));
    }
  }
  const found = (await reader.coverage('acc')).map((range) => line(range, range.fromUs, range.toUs));
  expect(found.toSorted()).toEqual(expected.toSorted());
});

const KEY = new Set(['feed', 'symbol', 'stream', 'timeframe']);
const line = (row: object, from: number, to: number): string => {
  const { feed, symbol, stream, timeframe, source } = row as RowInput<'coverage'>;
  return JSON.stringify([feed, symbol, stream, timeframe, source, from - T, to - T]);
};
function union(rows: readonly RowInput<'coverage'>[]): [number, number][] {
  const united: [number, number][] = [];
  for (const row of rows.toSorted((a, b) => a.ts - b.ts)) {
    const last = united.at(-1);
    if (last !== undefined && row.ts <= last[1]) last[1] = Math.max(last[1], Number(row.ts_to));
    else united.push([row.ts, Number(row.ts_to)]);
  }
  return united;
}

test('a new tape starts from the live account alone, whatever history has claimed since', async () => {
  const live = new Reader({ http, clock });
  await write({ coverage: [claim(M1, 0, 50, 'live'), claim(M1, 0, 900), claim({}, 0, 900)] });
  expect(await live.accountedTo({ account: 'acc' })).toEqual([{ ...M1, ts_to: T + 50 }]);
  const ticks = { feed: 'icm', symbol: 'EURUSD', stream: 'ticks', timeframe: null };
  const event = (
    id: string,
    of: 'opened' | 'ended',
    to: number,
    key: object = {},
  ): RowInput<'gap_events'> => ({
    ts: T + to,
    gap_id: id,
    writer: id === 'healed' ? 'backfill' : 'collector',
    outage_id: id,
    account: 'acc',
    ...ticks,
    ...key,
    event: of,
    ts_from: T,
    ts_to: of === 'ended' ? T + to : null,
    cause: 'disconnect',
    state: 'open',
  });
  const whole = (id: string, to: number, key: object = {}) => [
    event(id, 'opened', to - 1, key),
    event(id, 'ended', to, key),
  ];
  await write({
    gap_events: [
      ...whole('a', 60),
      ...whole('b', 70),
      ...whole('healed', 500),
      // Opened and ended by one line, of which the later row is left.
      event('at once', 'ended', 80),
      ...MOMENT_GAPS.map((of) => event(momentGapId('moment', of), 'ended', 600)),
      event('not ended', 'opened', 650),
      ...whole('d', 700, { stream: 'bars', timeframe: 'M1' }),
    ],
  });
  expect(await live.accountedTo({ account: 'acc' })).toEqual(
    expect.arrayContaining([
      { ...M1, ts_to: T + 50 },
      { ...ticks, ts_to: T + 80 },
    ]),
  );
  expect(await live.accountedTo({ account: 'acc' })).toHaveLength(2);
  // Whoever takes a feed over goes on from where the one before it came to, and its own trades are its own.
  const trades = { account: 'next', feed: null, symbol: null, stream: 'positions', timeframe: null };
  await write({ coverage: [claim(trades, 0, 30, 'live')] });
  const taken = await live.accountedTo({ account: 'next', feed: ticks.feed });
  expect(taken.map(({ stream, ts_to: us }) => [stream, us - T])).toEqual(
    expect.arrayContaining([
      ['ticks', 80],
      ['positions', 30],
    ]),
  );
});

test("a healer's state stands against a replay of the tape, in both views; what it left open is a gap of its own", async () => {
  const live = new Reader({ http, clock });
  const gap = (at: number, id: string, by: string, event: string, more: object): RowInput<'gap_events'> => ({
    ts: T + at,
    gap_id: id,
    writer: by,
    outage_id: 'o1',
    account: 'acc',
    feed: FEED,
    symbol: null,
    stream: 'ticks',
    timeframe: null,
    event,
    ts_from: T,
    cause: 'disconnect',
    state: 'open',
    ...more,
  });
  const ended = { ts_to: T + 100 };
  const tape = [
    gap(0, 'g1', 'collector', 'opened', {}),
    gap(110, 'g1', 'collector', 'ended', ended),
    gap(0, 'g2', 'collector', 'opened', { stream: 'bars' }),
    gap(110, 'g2', 'collector', 'ended', { ...ended, stream: 'bars' }),
    gap(500, 'g3', 'collector', 'opened', { outage_id: 'o2' }),
    gap(0, 'g4', 'collector', 'opened', { account: 'other', ...ended }),
  ];
  await write({ gap_events: tape });
  expect((await planning.endedOpenGaps('acc')).map((row) => row.gap_id)).toEqual(['g1', 'g2']);
  // A healer whose clock is behind: its state is a microsecond after what it saw, and wins all the same.
  const seen = (await planning.endedOpenGaps('acc'))[0];
  expect(seen).toMatchObject({ ts_updated: T + 110, ts_from: T, ts_to: T + 100, state: 'open' });
  await write({
    gap_events: [
      gap(111, 'g1', 'backfill', 'state', {
        ts_to: T + 60,
        state: 'healed',
        rows_healed: 3,
        evidence: '{"a":"ü"}',
      }),
      gap(111, 'g1.r1', 'backfill', 'opened', { ts_from: T + 60, ts_to: T + 100 }),
    ],
  });
  await write({ gap_events: tape });
  expect(await live.gaps({ account: 'acc' })).toMatchObject([
    {
      gap_id: 'g1',
      state: 'healed',
      ts_to: T + 60,
      rows_healed: 3,
      evidence: '{"a":"ü"}',
      ts_updated: T + 111,
    },
    { gap_id: 'g2', state: 'open', ts_to: T + 100 },
    { gap_id: 'g3', state: 'open', ts_to: null },
    { gap_id: 'g1.r1', state: 'open', ts_from: T + 60, ts_to: T + 100 },
  ]);
  expect(await live.outages({ account: 'acc' })).toMatchObject([
    { outage_id: 'o1', gaps: 3, open_gaps: 2, ts_to: T + 100 },
    { outage_id: 'o2', gaps: 1, open_gaps: 1, ts_to: null },
  ]);
  expect((await planning.endedOpenGaps('acc')).map((row) => row.gap_id)).toEqual(['g2', 'g1.r1']);
  const rest = { ts_from: T + 60, ts_to: T + 100, state: 'unrecoverable' };
  await write({
    gap_events: [
      gap(112, 'g1.r1', 'backfill', 'state', rest),
      gap(112, 'g2', 'backfill', 'state', { ...ended, stream: 'bars', state: 'verified_empty' }),
    ],
  });
  expect(await live.outages({ account: 'acc', openOnly: true })).toMatchObject([{ outage_id: 'o2' }]);
});

function byId(a: number | bigint, b: number | bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
