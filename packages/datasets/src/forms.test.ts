// Text forms of a selection, and what an import writes.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Row } from '@fxtape/market/tables';
import { type MemoryRow, MemorySource } from '../testing/memory-source.ts';
import { DAY_US } from './calendar.ts';
import { Dataset } from './dataset.ts';
import { writeForm } from './forms.ts';
import { importVersion } from './import.ts';
import { datasetKinds, type Form, type KindName } from './kinds.ts';
import type { Selection } from './source.ts';
import { FolderStore } from './store/folder-store.ts';

const JANUARY = Date.UTC(2026, 0, 1) * 1000;
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'fxtape-forms-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const selection = (kind: KindName, rest: Partial<Selection> = {}): Selection => ({
  kind,
  feeds: [],
  symbols: [],
  accounts: [],
  timeframes: [],
  fromUs: JANUARY,
  toUs: JANUARY + 60 * DAY_US,
  asOfUs: null,
  reception: false,
  resample: null,
  ...rest,
});

const tick = (us: number, rest: MemoryRow = {}): MemoryRow => ({
  ts: JANUARY + us,
  feed: 'icm',
  symbol: 'EUR/USD',
  bid: 1.1,
  ask: 1.1002,
  last: null,
  volume: null,
  utc_offset_s: 7200,
  ts_recv: JANUARY + us + 5,
  source: 'live',
  quality: null,
  ...rest,
});

const bar = (n: number, timeframe: string): MemoryRow => ({
  ts: JANUARY + n * 60_000_000,
  feed: 'icm',
  symbol: 'EUR/USD',
  timeframe,
  open: 1,
  high: 2,
  low: 0.5,
  close: 1.5,
  tick_volume: 7n,
  real_volume: null,
  spread_points: 3,
  utc_offset_s: 7200,
  ts_seen: JANUARY,
});

async function texts(
  kind: KindName,
  rows: readonly MemoryRow[],
  form: Form,
): Promise<Record<string, string>> {
  const source = new MemorySource(datasetKinds[kind], dir);
  source.rows.push(...rows);
  const folder = join(dir, 'out');
  const written = await writeForm({
    source,
    selection: selection(kind),
    form,
    folder,
    nowUs: JANUARY + 60 * DAY_US,
  });
  expect(readdirSync(folder)).toEqual(['feed=icm']);
  return Object.fromEntries(written.map(({ path }) => [path, readFileSync(join(folder, path), 'utf8')]));
}

test('csv: a header, times in UTC to the microsecond, empty for null', async () => {
  const rows = [tick(1), tick(31 * DAY_US, { bid: null, last: 5, volume: 2 })];
  expect(await texts('ticks', rows, 'csv')).toEqual({
    'feed=icm/symbol=EUR%2FUSD/2026-01.csv':
      'ts,bid,ask,last,volume,utc_offset_s\n2026-01-01T00:00:00.000001Z,1.1,1.1002,,,7200\n',
    'feed=icm/symbol=EUR%2FUSD/2026-02.csv':
      'ts,bid,ask,last,volume,utc_offset_s\n2026-02-01T00:00:00.000000Z,,1.1002,5.0,2.0,7200\n',
  });
});

test('csv: texts with quotes, commas and line ends are quoted', async () => {
  const source = new MemorySource(datasetKinds.deals, dir);
  const deal = { ts: JANUARY, account: 'a', deal_id: 2n ** 60n, comment: 'a "b",\nc', ts_seen: JANUARY };
  source.rows.push(deal);
  const folder = join(dir, 'out');
  const [written] = await writeForm({
    source,
    selection: selection('deals'),
    form: 'csv',
    folder,
    nowUs: JANUARY + DAY_US,
  });
  const text = readFileSync(join(folder, written?.path ?? ''), 'utf8');
  expect(text).toContain('"a ""b"",\nc"');
  expect(text).toContain('1152921504606846976');
});

test('mt5-csv: ticks on the broker’s clock, tab-separated, with flags for the prices they state', async () => {
  expect(
    await texts('ticks', [tick(1500), tick(DAY_US, { bid: null, last: 5, volume: 2 })], 'mt5-csv'),
  ).toEqual({
    'feed=icm/symbol=EUR%2FUSD/2026-01.csv':
      '<DATE>\t<TIME>\t<BID>\t<ASK>\t<LAST>\t<VOLUME>\t<FLAGS>\n' +
      '2026.01.01\t02:00:00.001\t1.1\t1.1002\t\t\t6\n' +
      '2026.01.02\t02:00:00.000\t\t1.1002\t5.0\t2.0\t28\n',
  });
});

test('mt5-csv: a file for each timeframe that has bars', async () => {
  const found = await texts('bars', [bar(0, 'M1'), bar(0, 'H1'), bar(1, 'M1')], 'mt5-csv');
  expect(Object.keys(found).sort()).toEqual([
    'feed=icm/symbol=EUR%2FUSD/2026.H1.csv',
    'feed=icm/symbol=EUR%2FUSD/2026.M1.csv',
  ]);
  expect(found['feed=icm/symbol=EUR%2FUSD/2026.M1.csv']).toBe(
    '<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>\n' +
      '2026.01.01\t02:00:00\t1.0\t2.0\t0.5\t1.5\t7\t0\t3\n' +
      '2026.01.01\t02:01:00\t1.0\t2.0\t0.5\t1.5\t7\t0\t3\n',
  );
});

test('MetaTrader does not import deals; an empty selection is an error', async () => {
  await expect(texts('deals', [], 'mt5-csv')).rejects.toMatchObject({ code: 'DATASET_FORM_UNSUPPORTED' });
  await expect(texts('ticks', [], 'csv')).rejects.toMatchObject({ code: 'DATASET_NOTHING' });
});

async function imported(kind: KindName, rows: readonly MemoryRow[], reception: boolean): Promise<Row[]> {
  const source = new MemorySource(datasetKinds[kind], dir);
  source.rows.push(...rows);
  const dataset = new Dataset({ store: new FolderStore(join(dir, 'set')), engine: 'fxtape test' });
  await dataset.export(selection(kind, { reception }), { source, nowUs: JANUARY + 60 * DAY_US });
  const found: Row[] = [];
  await importVersion(dataset, {
    write: (_, batch) => Promise.resolve(void found.push(...batch)),
  });
  return found;
}

test('an import writes every value of every row, large ids exactly', async () => {
  const rows = [
    { ...tick(1), quality: 'late' },
    tick(1, { ts_recv: JANUARY + 9, bid: null }),
    tick(31 * DAY_US, { symbol: '123', source: 'history' }),
  ];
  const found = await imported('ticks', rows, true);
  const byTime = (a: Row, b: Row): number => Number(a['ts_recv']) - Number(b['ts_recv']);
  expect(found.sort(byTime)).toEqual([...rows].sort(byTime));
});

test('an import needs the reception columns', async () => {
  await expect(imported('ticks', [tick(1)], false)).rejects.toMatchObject({ code: 'DATASET_NOT_IMPORTABLE' });
});
