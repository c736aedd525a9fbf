// Ticks as a dataset: what DatasetSource says of days, bounds and names, and the file that a reader of Parquet gets, beside the rows that
// were written, in whatever order they arrived.
import type { Selection, Series } from '@fxtape/datasets';
import { datasetKinds } from '@fxtape/datasets/kinds';
import type { RowInput } from '@fxtape/market/tables';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ownQuestDb } from '../own-servers.ts';
import { chance, DatasetRig, selection, shuffled } from './dataset-rig.ts';

const DAY = 86_400_000_000;
const FROM = Date.UTC(2026, 0, 30) * 1000;
const TO = FROM + 5 * DAY;
const FEED = "dataset 'ticks' – ü";
const OTHER = 'dataset-other';
const NAMES = [
  "O'Brien & Co",
  'US 30 "cash"',
  'EUR/USD',
  'a=b,c\\d%2F',
  'Gold-漢字-é🙂',
  '123456',
  'q?*[x].$^',
  "';--",
  '.',
  'EURUSD',
  'EURUSDm',
] as const;

type Tick = RowInput<'ticks'>;
const random = chance(42);

/** Three days with rows; on the second many in one millisecond, some alike in everything but `ts_recv`. */
function ticksOf(symbol: string, count: number): Tick[] {
  return Array.from({ length: count }, (_, i): Tick => {
    const day = FROM + [0, 1, 3][i % 3]! * DAY;
    const ts = i % 3 === 1 ? day + 1000 * Math.floor(i / 9) : day + Math.floor(random() * DAY);
    return {
      ts,
      feed: FEED,
      symbol,
      ts_recv: ts + 1000 + Math.floor(random() * 1_000_000) * 1000 + i,
      bid: i % 7 === 0 ? 0.1 + 0.2 : -37.63 + random(),
      ask: 1.234_567_890_123_456_7 + random(),
      last: i % 5 === 0 ? null : random(),
      volume: i % 4 === 0 ? null : i,
      utc_offset_s: i % 2 === 0 ? 7200 : -18_000,
      source: (['live', 'snapshot', 'history'] as const)[i % 3]!,
      quality: i % 3 === 0 ? 'crossed+late' : null,
    };
  });
}

const ticks = NAMES.flatMap((symbol) => ticksOf(symbol, 200));
const edges: Tick[] = [FROM - 1, FROM, TO - 1, TO].map((ts, i) => ({
  ts,
  feed: FEED,
  symbol: 'edges',
  ts_recv: ts + i,
  bid: 1,
  ask: 2,
  utc_offset_s: 0,
  source: 'live',
}));
const all = [...ticks, ...edges];

let rig: DatasetRig;
beforeAll(async () => {
  rig = await DatasetRig.open(ownQuestDb().conf);
  await rig.write('ticks', ...shuffled(all, random, 12), [
    { ...(edges[1] as Tick), feed: OTHER, symbol: 'EURUSD' },
  ]);
  // Twice the same.
  await rig.write('ticks', ...shuffled(all.slice(0, 500), random, 2));
});
afterAll(() => rig?.close());

const of = (more: Partial<Selection> = {}): Selection =>
  selection({ kind: 'ticks', fromUs: FROM, toUs: TO, feeds: [FEED], ...more });
const byOrder = (a: Tick, b: Tick): number => a.ts - b.ts || a.ts_recv - b.ts_recv;
const within = (row: Tick, { fromUs, toUs }: { fromUs: number; toUs: number }): boolean =>
  row.ts >= fromUs && row.ts < toUs;

function expectedDays(where: (row: Tick) => boolean) {
  const days = new Map<string, { series: Series; dayUs: number; rows: number; stampUs: number }>();
  for (const row of all.filter(where)) {
    const dayUs = Math.floor(row.ts / DAY) * DAY;
    const key = JSON.stringify([row.feed, row.symbol, dayUs]);
    const day = days.get(key) ?? {
      series: { feed: row.feed, symbol: row.symbol },
      dayUs,
      rows: 0,
      stampUs: 0,
    };
    days.set(key, { ...day, rows: day.rows + 1, stampUs: Math.max(day.stampUs, row.ts_recv) });
  }
  return days;
}

const keyed = (days: readonly { series: Series; dayUs: number }[]) =>
  new Map(days.map((day) => [JSON.stringify([day.series.feed, day.series.symbol, day.dayUs]), day]));

describe('days', () => {
  test('each day of each series with its rows and newest receipt, by series and day', async () => {
    const days = await rig.source.days(of());
    expect(keyed(days)).toEqual(expectedDays((row) => within(row, of())));
    for (const [i, day] of days.entries()) {
      const before = days[i - 1];
      if (before?.series.symbol === day.series.symbol) expect(day.dayUs).toBeGreaterThan(before?.dayUs ?? 0);
    }
  });

  test('a range that does not begin at midnight, and one as of a time', async () => {
    const range = { fromUs: FROM + 7_000_000, toUs: FROM + DAY + 5000 };
    expect(keyed(await rig.source.days(of(range)))).toEqual(expectedDays((row) => within(row, range)));
    const asOfUs = (all.toSorted((a, b) => a.ts_recv - b.ts_recv)[all.length >> 1] as Tick).ts_recv;
    expect(keyed(await rig.source.days(of({ asOfUs })))).toEqual(
      expectedDays((row) => within(row, of()) && row.ts_recv <= asOfUs),
    );
  });

  test('a range of centuries, and one without rows', async () => {
    const centuries = { fromUs: 0, toUs: Date.UTC(2200, 0, 1) * 1000 };
    expect(keyed(await rig.source.days(of(centuries)))).toEqual(expectedDays(() => true));
    expect(await rig.source.days(of({ fromUs: 0, toUs: FROM - DAY }))).toEqual([]);
  });
});

describe('names', () => {
  const symbols = async (given: readonly string[], feeds: readonly string[] = [FEED]) => {
    const series = await rig.source.series(of({ symbols: given, feeds }));
    return series.map((each) => String(each.symbol)).toSorted();
  };

  test.each(NAMES)('%s', async (name) => {
    // A name with * or ? is a glob that fits itself.
    expect(await symbols([name])).toEqual([name]);
  });

  test('globs', async () => {
    expect(await symbols(['EURUSD*'])).toEqual(['EURUSD', 'EURUSDm']);
    expect(await symbols(['EURUSD?', '?'])).toEqual(['.', 'EURUSDm']);
    expect(await symbols(['*漢?-é?'])).toEqual(['Gold-漢字-é🙂']);
    expect(await symbols(['EURUSD'], ['dataset*'])).toEqual(['EURUSD', 'EURUSD']);
    const many = Array.from({ length: 300 }, (_, i) => ['EUR*D', 'E*USD', 'EURUS?'][i % 3]!);
    expect(await symbols(many)).toEqual(['EUR/USD', 'EURUSD']);
  });

  test('a name that nobody has is an error that lists the nearest, and so is a glob that fits nothing', async () => {
    await expect(rig.source.days(of({ symbols: ['EURUSD', 'EURSUD'] }))).rejects.toMatchObject({
      code: 'DATASET_NAME_UNKNOWN',
      kind: 'terminal',
      message: expect.stringMatching(/^there is no symbol "EURSUD"; the nearest are "EURUSD", /),
    });
    await expect(rig.source.days(of({ symbols: ['ZZZ*'] }))).rejects.toMatchObject({
      code: 'DATASET_NAME_UNKNOWN',
      message: expect.stringMatching(/^no symbol fits "ZZZ\*"/),
    });
    await expect(rig.source.days(of({ feeds: ['dataset-othr'] }))).rejects.toMatchObject({
      message: expect.stringMatching(/^there is no feed "dataset-othr"; the nearest are "dataset-other"/),
    });
    await expect(rig.source.days(of({ symbols: ['eurusd'] }))).rejects.toMatchObject({
      code: 'DATASET_NAME_UNKNOWN',
    });
  });

  test('a known name without rows in the range is no error', async () => {
    const quiet = { fromUs: FROM + 2 * DAY, toUs: FROM + 3 * DAY };
    expect(await rig.source.days(of({ symbols: ['EURUSD'], ...quiet }))).toEqual([]);
  });

  test('a kind that has no such column says so', async () => {
    await expect(rig.source.days(of({ accounts: ['a'] }))).rejects.toMatchObject({
      code: 'DATASET_SELECTION_INVALID',
      message: 'ticks cannot be selected by account',
    });
  });
});

describe('the file of a slice', () => {
  test.each(NAMES)('%s: the rows in order, with their types and values', async (symbol) => {
    const chosen = of({ reception: true });
    const slice = { selection: chosen, series: { feed: FEED, symbol }, fromUs: FROM, toUs: TO };
    const expected = ticks
      .filter((row) => row.symbol === symbol)
      .toSorted(byOrder)
      .map(({ feed: _f, symbol: _s, ...row }) => row);
    const file = await rig.read(slice);
    expect(file.rows).toEqual(expected);
    expect(file.types).toEqual({
      ts: 'TIMESTAMP WITH TIME ZONE',
      bid: 'DOUBLE',
      ask: 'DOUBLE',
      last: 'DOUBLE',
      volume: 'DOUBLE',
      utc_offset_s: 'INTEGER',
      ts_recv: 'TIMESTAMP WITH TIME ZONE',
      source: 'VARCHAR',
      quality: 'VARCHAR',
    });
    expect(file.codecs).toEqual(['ZSTD']);
    expect(await rig.source.extent(slice)).toEqual({
      rows: expected.length,
      firstUs: expected[0]?.ts,
      lastUs: expected.at(-1)?.ts,
      stampUs: Math.max(...expected.map((row) => row.ts_recv)),
    });
  });

  test('canonical columns only, still in the order of receipt within a millisecond', async () => {
    const slice = { selection: of(), series: { feed: FEED, symbol: 'EURUSD' }, fromUs: FROM, toUs: TO };
    const file = await rig.read(slice);
    expect(Object.keys(file.types)).toEqual(datasetKinds.ticks.columns.map(({ name }) => name));
    const expected = ticks.filter((row) => row.symbol === 'EURUSD').toSorted(byOrder);
    expect(file.rows.map(({ ts, ask }) => [ts, ask])).toEqual(expected.map(({ ts, ask }) => [ts, ask]));
  });

  test('the end of a range is not in it', async () => {
    const series = { feed: FEED, symbol: 'edges' };
    const file = await rig.read({ selection: of(), series, fromUs: FROM, toUs: TO });
    expect(file.rows.map(({ ts }) => ts)).toEqual([FROM, TO - 1]);
  });

  test('as of a time: what had been received by then, the moment itself included', async () => {
    const series = { feed: FEED, symbol: 'EURUSD' };
    const rows = ticks.filter((row) => row.symbol === 'EURUSD');
    const asOfUs = (rows.toSorted((a, b) => a.ts_recv - b.ts_recv)[99] as Tick).ts_recv;
    const slice = { selection: of({ asOfUs, reception: true }), series, fromUs: FROM, toUs: TO };
    const file = await rig.read(slice);
    expect(file.rows.map((row) => row['ts_recv'])).toEqual(
      rows
        .filter((row) => row.ts_recv <= asOfUs)
        .toSorted(byOrder)
        .map((row) => row.ts_recv),
    );
    expect((await rig.source.extent(slice)).rows).toBe(100);
  });

  test('no rows: a file without row groups, and an extent of nothing', async () => {
    const slice = { selection: of(), series: { feed: FEED, symbol: 'EURUSD' }, fromUs: 0, toUs: 1 };
    const file = await rig.read(slice);
    expect([file.rows, file.rowGroups]).toEqual([[], 0]);
    expect(await rig.source.extent(slice)).toEqual({ rows: 0, firstUs: null, lastUs: null, stampUs: null });
  });

  test('twice the same bytes', async () => {
    const { readFile } = await import('node:fs/promises');
    const slice = { selection: of(), series: { feed: FEED, symbol: '123456' }, fromUs: FROM, toUs: TO };
    const [one, two] = [await rig.file(slice), await rig.file(slice)];
    expect((await readFile(one)).equals(await readFile(two))).toBe(true);
  });
});

test('the version of the database, and the oldest day', async () => {
  expect(await rig.source.version()).toMatch(/^QuestDB \d+\.\d+\.\d+/);
  const oldest = await rig.source.oldestUs('ticks');
  expect(oldest).not.toBeNull();
  expect(oldest).toBeLessThanOrEqual(FROM - DAY);
  expect((oldest as number) % DAY).toBe(0);
});
