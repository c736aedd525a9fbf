// What may go wrong between two versions and while one is written: rows that leave, move or are written anew, a clock correction in the
// middle, files of an earlier run for another request, folders whose names look like partitions.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type MemoryRow, MemorySource } from '../testing/memory-source.ts';
import { gap, HOUR, JANUARY, selection, tick } from '../testing/sample-ticks.ts';
import { DAY_US } from './calendar.ts';
import { checkVersion } from './check.ts';
import { Dataset, SETTLE_US, type WriteCall } from './dataset.ts';
import { diffVersions } from './diff.ts';
import { writeForm } from './forms.ts';
import { datasetKinds } from './kinds.ts';
import { FolderStore } from './store/folder-store.ts';

let dir: string;
let source: MemorySource;
let dataset: Dataset;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'fxtape-trouble-'));
  source = new MemorySource(datasetKinds.ticks, dir);
  dataset = open('set');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const open = (folder: string): Dataset =>
  new Dataset({ store: new FolderStore(join(dir, folder)), engine: 'fxtape test' });
const call = (toDay: number): WriteCall => ({ source, nowUs: JANUARY + toDay * DAY_US + SETTLE_US });
const told = async (a: number, b: number): Promise<string[]> => {
  const side = async (version: number) => ({ dataset, manifest: await dataset.manifest(version) });
  const found = await diffVersions(await side(a), await side(b));
  return found.map((each) => `${each.day} ${each.change} ${each.rows} ${each.reason}`);
};
const correction = (day: number, names: readonly string[]) => ({
  server: 'S',
  names,
  appliedUs: JANUARY + day * DAY_US,
  ruleId: 'UTC+3h',
});

test('a changed day before and a new day behind a kept one: its rows stand once', async () => {
  for (const day of [0, 1, 2]) {
    source.rows.push(tick(day * DAY_US + HOUR, day), tick(day * DAY_US + 2 * HOUR, day));
    await (day === 0
      ? dataset.export(selection(1), call(1))
      : dataset.update(JANUARY + (day + 1) * DAY_US, call(day + 1)));
  }
  source.rows.push(tick(3 * HOUR, 9), tick(3 * DAY_US + HOUR, 3));
  source.gapList = [gap(0, DAY_US, 1)];
  const next = await dataset.update(JANUARY + 4 * DAY_US, call(4));
  expect(next?.rows).toBe(8);
  expect(await checkVersion(dataset)).toMatchObject({ rows: 8, findings: [] });
  expect(await told(2, 3)).toEqual(['2026-01-01 added 1 healed', '2026-01-04 added 1 extended']);
  expect(await dataset.update(JANUARY + 4 * DAY_US, call(4))).toBeNull();
});

test('a file of an earlier run is not used for another selection with equal counts and stamps', async () => {
  source = new MemorySource(datasetKinds.daily_quality, dir);
  for (const symbol of ['EURUSD', 'GBPUSD'])
    source.rows.push({
      ts: JANUARY,
      feed: 'icm',
      symbol,
      condition: symbol === 'EURUSD' ? 'good' : 'degraded',
    });
  const of = (symbol: string) => selection(2, { kind: 'daily_quality', symbols: [symbol] });
  const stop = new AbortController();
  const cut = dataset.export(of('EURUSD'), {
    ...call(3),
    signal: stop.signal,
    onProgress: () => stop.abort(),
  });
  await expect(cut).rejects.toMatchObject({ name: 'AbortError' });
  await dataset.export(of('GBPUSD'), call(3));
  expect(source.exports).toBe(2);
});

test('a run that was cut off is continued although the range ends later by now', async () => {
  source.rows.push(tick(HOUR, 1), tick(40 * DAY_US, 2));
  const stop = new AbortController();
  const cut = dataset.export(selection(60), {
    ...call(61),
    signal: stop.signal,
    onProgress: () => stop.abort(),
  });
  await expect(cut).rejects.toMatchObject({ name: 'AbortError' });
  const { exports } = source;
  await dataset.export(selection(61), call(62));
  expect(source.exports - exports).toBeLessThan(2);
});

test('a file that was made before a clock correction is not used after it', async () => {
  source.rows.push(tick(HOUR, 1), tick(2 * HOUR, 2));
  const stop = new AbortController();
  const cut = dataset.export(selection(2), {
    ...call(3),
    signal: stop.signal,
    onProgress: () => stop.abort(),
  });
  await expect(cut).rejects.toMatchObject({ name: 'AbortError' });
  source.corrected = [correction(3, ['icm'])];
  await dataset.export(selection(2), call(3));
  expect(source.exports).toBe(2);
});

test('a clock correction while files are made: no version', async () => {
  source.rows.push(tick(HOUR, 1));
  source.onExport = () => {
    source.corrected = [correction(3, ['icm'])];
  };
  await expect(dataset.export(selection(2), call(3))).rejects.toMatchObject({
    code: 'DATASET_ROWS_CHANGING',
  });
  expect((await dataset.export(selection(2), call(3))).corrections).toHaveLength(1);
});

test('rows that leave the database between plan and export are an error', async () => {
  source.rows.push(tick(HOUR, 1), tick(40 * DAY_US, 2));
  source.onExport = () => {
    const left = source.rows.findIndex(({ bid }) => bid === 2);
    if (left >= 0) source.rows.splice(left, 1);
  };
  await expect(dataset.export(selection(60), call(61))).rejects.toMatchObject({ code: 'DATASET_ROWS_LEFT' });
});

test('a correction explains rows of its own feed alone, and hides no loss', async () => {
  for (let day = 0; day < 20; day++)
    for (const feed of ['icm', 'other']) source.rows.push(tick(day * DAY_US + 12 * HOUR, day, { feed }));
  await dataset.export(selection(20), call(20));
  source.corrected = [correction(20, ['icm'])];
  source.rows.push(tick(9 * DAY_US + 13 * HOUR, 99, { feed: 'other' }));
  for (const [i, row] of source.rows.entries())
    if (row['feed'] === 'icm')
      source.rows[i] = { ...row, ts: Number(row['ts']) - HOUR, utc_offset_s: 10_800 };
  const next = await dataset.update(JANUARY + 21 * DAY_US, call(21));
  const reasons = new Map(next?.changes.map(({ reason, series }) => [series.feed, reason]));
  expect(reasons).toEqual(
    new Map([
      ['icm', 'clock'],
      ['other', 'unexplained'],
    ]),
  );
  const summary = await told(0, 1);
  expect(summary.filter((line) => line.includes('unexplained'))).toEqual(['2026-01-10 added 1 unexplained']);

  source.corrected = [...source.corrected, correction(21, ['icm'])];
  const days = [8, 9, 10].map((day) => Math.floor((JANUARY + day * DAY_US) / DAY_US));
  const left = source.rows.filter(
    (row) => row['feed'] !== 'icm' || !days.includes(Math.floor(Number(row['ts']) / DAY_US)),
  );
  source.rows.splice(0, source.rows.length, ...left);
  await expect(dataset.update(JANUARY + 22 * DAY_US, call(22))).rejects.toMatchObject({
    code: 'DATASET_ROWS_LEFT',
  });
});

test('verdicts that are written anew are in the next version; without a change there is none', async () => {
  source = new MemorySource(datasetKinds.daily_quality, dir);
  const verdict = (condition: string): MemoryRow => ({
    ts: JANUARY,
    feed: 'icm',
    symbol: 'EURUSD',
    condition,
  });
  source.rows.push(verdict('pending'));
  const of = selection(2, { kind: 'daily_quality' });
  await dataset.export(of, call(3));
  expect(await dataset.update(of.toUs, call(4))).toBeNull();
  source.rows.splice(0, 1, verdict('good'));
  await dataset.update(of.toUs, call(4));
  expect(await told(0, 1)).toEqual(['2026-01-01 changed 1 revised']);
});

test('a gap that turns out to begin on the day before is another row, not a loss', async () => {
  source = new MemorySource(datasetKinds.gaps, dir);
  const row = (fromUs: number, updatedUs: number): MemoryRow => ({
    ts_from: JANUARY + fromUs,
    account: 'a',
    gap_id: 'g1',
    ts_updated: JANUARY + updatedUs,
  });
  source.rows.push(row(2 * DAY_US, 2 * DAY_US));
  const of = selection(10, { kind: 'gaps' });
  await dataset.export(of, call(11));
  source.rows.splice(0, 1, row(2 * DAY_US - HOUR, 11 * DAY_US));
  await dataset.update(of.toUs, call(12));
  expect((await told(0, 1)).every((line) => line.endsWith('revised'))).toBe(true);
});

test('a folder whose name looks like a partition changes no value', async () => {
  source.rows.push(tick(HOUR, 1), tick(2 * HOUR, 2));
  const plain = await dataset.export(selection(2), call(3));
  const odd = await open('bid=5/utc_offset_s=1/set').export(selection(2), call(3));
  expect(odd.hash).toBe(plain.hash);
});

test('two recorders with nothing in common: every tick differs, in time that grows with their number', async () => {
  for (let i = 0; i < 4000; i++) source.rows.push(tick(i * 1000, i));
  await dataset.export(selection(1), call(1));
  const other = open('other');
  source.rows.splice(0, source.rows.length);
  for (let i = 0; i < 4000; i++) source.rows.push(tick(i * 1000, 10_000 + i));
  await other.export(selection(1), call(1));
  const found = await diffVersions(
    { dataset, manifest: await dataset.manifest() },
    { dataset: other, manifest: await other.manifest() },
  );
  expect(found.map(({ change, rows }) => [change, rows])).toEqual([
    ['added', 4000],
    ['removed', 4000],
  ]);
});

test('an update ends a minute ago at most; nobody knows what will be known', async () => {
  source.rows.push(tick(HOUR, 1));
  const made = await dataset.export(selection(5), call(3));
  expect(made.selection.toUs).toBe(JANUARY + 3 * DAY_US);
  await expect(
    open('later').export(selection(2, { asOfUs: JANUARY + 9 * DAY_US }), call(3)),
  ).rejects.toMatchObject({ code: 'DATASET_AS_OF_UNKNOWN' });
});

test('text files: a bucket and resampled bars for MetaTrader are refused', async () => {
  source.rows.push(tick(HOUR, 1));
  const base = { source, selection: selection(2), nowUs: JANUARY + 3 * DAY_US };
  await expect(writeForm({ ...base, form: 'csv', folder: 's3://bucket/x' })).rejects.toMatchObject({
    code: 'DATASET_FORM_UNSUPPORTED',
  });
  const resample = { widthUs: HOUR, price: 'bid', align: 'utc' } as const;
  await expect(
    writeForm({ ...base, selection: selection(2, { resample }), form: 'mt5-csv', folder: join(dir, 'x') }),
  ).rejects.toMatchObject({ code: 'DATASET_FORM_UNSUPPORTED' });
  expect(readdirSync(dir)).not.toContain('x');
});

test('a stretch that nothing accounts for: told, refused by --strict, and the reason for rows that come later', async () => {
  for (let hour = 0; hour < 48; hour++) source.rows.push(tick(hour * HOUR, hour));
  const hole = (fromUs: number, toUs: number) => ({
    account: null,
    feed: 'icm',
    symbol: 'EUR/USD',
    timeframe: null,
    fromUs: JANUARY + fromUs,
    toUs: JANUARY + toUs,
  });
  source.holes = [hole(40 * HOUR, 48 * HOUR)];
  await expect(dataset.export(selection(2), { ...call(3), strict: true })).rejects.toThrow(
    /not known whether rows are missing in a stretch.*icm EUR\/USD from 2026-01-02T16/s,
  );
  const made = await dataset.export(selection(2), call(3));
  expect(made.uncovered).toEqual(source.holes);
  source.rows.push(tick(41 * HOUR + 7, 1), tick(30 * HOUR + 7, 1));
  source.holes = [];
  await dataset.update(selection(2).toUs, call(4));
  expect(await told(0, 1)).toEqual(['2026-01-02 added 1 extended', '2026-01-02 added 1 unexplained']);
});

test('bars are covered some time behind: --strict allows an uncovered end, but no hole', async () => {
  source = new MemorySource(datasetKinds.bars, dir);
  source.rows.push({ ts: JANUARY, feed: 'icm', symbol: 'EURUSD', timeframe: 'M1', ts_seen: JANUARY });
  const of = selection(2, { kind: 'bars' });
  const hole = {
    account: null,
    feed: 'icm',
    symbol: 'EURUSD',
    timeframe: 'M1',
    fromUs: of.toUs - HOUR,
    toUs: of.toUs,
  };
  source.holes = [{ ...hole, toUs: of.toUs - 1 }];
  await expect(dataset.export(of, { ...call(3), strict: true })).rejects.toMatchObject({
    code: 'DATASET_NOT_STRICT',
  });
  source.holes = [hole];
  expect((await dataset.export(of, { ...call(3), strict: true })).uncovered).toEqual([hole]);
});
