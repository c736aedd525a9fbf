// Versions of a dataset in a folder: what each holds, why it differs, and what an interruption leaves. The rows come from memory.
import { appendFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MemorySource, type MemoryRow } from '../testing/memory-source.ts';
import { gap, HOUR, JANUARY, selection, tick } from '../testing/sample-ticks.ts';
import { DAY_US } from './calendar.ts';
import { checkVersion } from './check.ts';
import { Dataset, SETTLE_US, type WriteCall } from './dataset.ts';
import { diffVersions } from './diff.ts';
import { datasetKinds } from './kinds.ts';
import { FolderStore } from './store/folder-store.ts';

let dir: string;
let source: MemorySource;
let dataset: Dataset;

const open = (): Dataset => new Dataset({ store: new FolderStore(join(dir, 'set')), engine: 'fxtape test' });

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'fxtape-dataset-'));
  source = new MemorySource(datasetKinds.ticks, dir);
  dataset = open();
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const call = (toDay: number): WriteCall => ({ source, nowUs: JANUARY + toDay * DAY_US + SETTLE_US });

const tenDays = (): void => {
  for (let day = 0; day < 40; day += 4)
    for (let hour = 0; hour < 24; hour += 6)
      source.rows.push(tick(day * DAY_US + hour * HOUR, day + hour / 100));
};
const told = async (a: number, b: number) => {
  const side = async (version: number) => ({ dataset, manifest: await dataset.manifest(version) });
  return (await diffVersions(await side(a), await side(b))).map(
    ({ change, day, evidence, reason, rows }) => `${day} ${change} ${rows} ${reason} ${evidence}`,
  );
};

test('an export is what the source has, and its check finds nothing', async () => {
  tenDays();
  source.rows.push(tick(5 * HOUR, 7, { symbol: '#AAPL' }), tick(5 * HOUR, 7, { symbol: '123' }));
  const manifest = await dataset.export(selection(60), call(60));
  expect(manifest).toMatchObject({ version: 0, rows: 42, kind: 'ticks' });
  expect(new Set(manifest.files.map(({ path }) => path.split('/').slice(0, -1).join('/')))).toEqual(
    new Set([
      'feed=icm/symbol=%23AAPL/month=2026-01',
      'feed=icm/symbol=123/month=2026-01',
      'feed=icm/symbol=EUR%2FUSD/month=2026-01',
      'feed=icm/symbol=EUR%2FUSD/month=2026-02',
    ]),
  );
  expect(await checkVersion(open())).toMatchObject({ version: 0, rows: 42, findings: [] });
  expect(readdirSync(join(dir, 'set')).sort()).toEqual([
    '_README.md',
    '_delta_log',
    '_manifest',
    '_staging',
    'feed=icm',
  ]);
  expect(readdirSync(join(dir, 'set', '_staging'))).toEqual([]);
  expect(await open().export(selection(60), call(61))).toEqual(manifest);
  await expect(open().export(selection(59), call(61))).rejects.toMatchObject({ code: 'DATASET_EXISTS' });
});

test('the row hash does not depend on the order of arrival, nor on how days are spread over files', async () => {
  source.rows.push(tick(1, 5), tick(1, 3), tick(1, 4), tick(DAY_US, 2), tick(2 * DAY_US, 2));
  const { hash } = await dataset.export(selection(60), call(60));
  const other = new MemorySource(datasetKinds.ticks, dir);
  other.rows.push(tick(1, 4), tick(2 * DAY_US, 2), tick(1, 5), tick(DAY_US, 2), tick(1, 3));
  const set = new Dataset({ store: new FolderStore(join(dir, 'other')), engine: 'fxtape test' });
  await set.export(selection(1), { source: other, nowUs: JANUARY + DAY_US });
  await set.update(JANUARY + 2 * DAY_US, { source: other, nowUs: JANUARY + 2 * DAY_US });
  const last = await set.update(JANUARY + 60 * DAY_US, { source: other, nowUs: JANUARY + 3 * DAY_US });
  expect([last?.version, last?.files.length, last?.hash]).toEqual([2, 3, hash]);
  const merged = await set.update(JANUARY + 61 * DAY_US, { source: other, nowUs: JANUARY + 61 * DAY_US });
  expect([merged?.files.length, merged?.hash, merged?.changes]).toEqual([1, hash, []]);
});

test('an update with nothing new makes no version and reads no file', async () => {
  tenDays();
  await dataset.export(selection(60), call(60));
  const { exports } = source;
  expect(await dataset.update(JANUARY + 60 * DAY_US, call(61))).toBeNull();
  expect(source.exports).toBe(exports);
});

test('an update says why days differ; the version before reads as it did', async () => {
  tenDays();
  source.gapList = [gap(8 * DAY_US, 8 * DAY_US + HOUR, null)];
  const first = await dataset.export(selection(36), call(36));
  source.rows.push(tick(8 * DAY_US + 1000, 99));
  source.gapList = [gap(8 * DAY_US, 8 * DAY_US + HOUR, 1)];
  const second = await dataset.update(JANUARY + 40 * DAY_US, call(40));
  expect(second?.changes.map(({ day, evidence, reason }) => [day, reason, evidence])).toEqual([
    ['2026-01-09', 'healed', 'gap g1'],
    ['2026-02-06', 'extended', 'version 0 ends at 2026-02-06T00:00:00.000000Z'],
  ]);
  expect(await told(0, 1)).toEqual([
    '2026-01-09 added 1 healed gap g1',
    '2026-02-06 added 4 extended after the end of version 0',
  ]);
  expect(await dataset.manifest(0)).toEqual(first);
  expect(await checkVersion(dataset, { version: 0 })).toMatchObject({ rows: 36, findings: [] });
  expect(await checkVersion(dataset)).toMatchObject({ rows: 41, findings: [] });
});

test('a corrected clock: each row that moved is one change, named after the correction', async () => {
  tenDays();
  await dataset.export(selection(60), call(60));
  const moved = source.rows.map((row) => ({ ...row, ts: Number(row['ts']) - HOUR, utc_offset_s: 10_800 }));
  source.rows.splice(0, source.rows.length, ...moved.slice(4), tick(50 * DAY_US, 5));
  source.corrected = [{ server: 'S', names: ['icm'], appliedUs: JANUARY + 61 * DAY_US, ruleId: 'UTC+3h' }];
  source.rows.push(...moved.slice(0, 4));
  await dataset.update(JANUARY + 62 * DAY_US, call(62));
  const reasons = (await told(0, 1)).map((line) => line.split(' ').slice(1, 4).join(' '));
  expect(reasons.filter((line) => line.endsWith('clock')).length).toBeGreaterThan(10);
  expect(reasons.filter((line) => !line.endsWith('clock'))).toEqual(['added 1 unexplained']);
});

test('bars: a revised bar is one changed row', async () => {
  source = new MemorySource(datasetKinds.bars, dir);
  const bar = (n: number, close: number, seen: number): MemoryRow => ({
    ts: JANUARY + n * HOUR,
    feed: 'icm',
    symbol: 'EURUSD',
    timeframe: 'H1',
    open: 1,
    high: 2,
    low: 0.5,
    close,
    tick_volume: 7n,
    real_volume: null,
    spread_points: 3,
    utc_offset_s: 7200,
    ts_seen: JANUARY + seen,
  });
  source.rows.push(bar(0, 1, 1), bar(1, 1, 2), { ...bar(1, 1, 2), timeframe: 'M1' });
  await dataset.export(selection(60, { kind: 'bars' }), call(60));
  source.rows[1] = bar(1, 1.5, 9);
  await dataset.update(JANUARY + 60 * DAY_US, call(61));
  expect(await told(0, 1)).toEqual(['2026-01-01 changed 1 revised seen after version 0']);
});

test('rows that disappeared without a reason are an error, not an empty day', async () => {
  tenDays();
  await dataset.export(selection(60), call(60));
  source.rows.splice(5, 1);
  await expect(dataset.update(JANUARY + 60 * DAY_US, call(61))).rejects.toMatchObject({
    code: 'DATASET_ROWS_LEFT',
  });
});

test('whole days that are no longer in the database stay; a change in a file that holds one is refused', async () => {
  tenDays();
  await dataset.export(selection(60), call(60));
  source.rows.splice(0, 8);
  source.rows.push(tick(39 * DAY_US, 1));
  await expect(dataset.update(JANUARY + 60 * DAY_US, call(61))).resolves.toMatchObject({ rows: 41 });
  expect(await checkVersion(dataset)).toMatchObject({ rows: 41, findings: [] });
  source.rows.push(tick(20 * DAY_US, 1));
  await expect(dataset.update(JANUARY + 60 * DAY_US, call(62))).rejects.toMatchObject({
    code: 'DATASET_DAYS_LEFT',
  });
});

test('an export that fails leaves no version, and the same call goes on from the finished files', async () => {
  tenDays();
  source.onExport = ({ fromUs }) => {
    if (fromUs > JANUARY + 20 * DAY_US) throw new Error('the connection was lost');
  };
  await expect(dataset.export(selection(60), call(60))).rejects.toThrow('the connection was lost');
  await expect(dataset.manifest()).rejects.toMatchObject({ code: 'DATASET_NOT_FOUND' });
  source.onExport = () => {};
  source.exports = 0;
  await open().export(selection(60), call(60));
  expect(source.exports).toBe(1);
  expect(await checkVersion(open())).toMatchObject({ rows: 40, findings: [] });
});

test('rows that arrive during an export: it is tried again and has them', async () => {
  tenDays();
  let late = 1;
  source.onExport = () => {
    if (late-- > 0) source.rows.push(tick(3 * HOUR, 5));
  };
  await dataset.export(selection(60), call(60));
  expect(await checkVersion(dataset)).toMatchObject({ rows: 41, findings: [] });
  source.onExport = () => void source.rows.push(tick(3 * HOUR, 5));
  source.rows.push(tick(4 * HOUR, 5));
  await expect(dataset.update(JANUARY + 60 * DAY_US, call(61))).rejects.toMatchObject({
    code: 'DATASET_ROWS_CHANGING',
  });
});

test('a changed, a short and a missing file are found', async () => {
  tenDays();
  const { files } = await dataset.export(selection(60), call(60));
  const [first, second] = files.map(({ path }) => join(dir, 'set', path)) as [string, string];
  appendFileSync(first, 'x');
  rmSync(second);
  writeFileSync(join(dir, 'set', 'stray.parquet'), '');
  expect((await checkVersion(dataset)).findings.map(({ problem }) => problem)).toEqual([
    'its SHA-256 is not the one in the manifest',
    'is missing',
  ]);
});

test('strict refuses an open gap and a provisional clock', async () => {
  tenDays();
  source.gapList = [gap(0, HOUR, null)];
  await expect(dataset.export(selection(60), { ...call(60), strict: true })).rejects.toMatchObject({
    code: 'DATASET_NOT_STRICT',
  });
  source.gapList = [];
  source.rules = [
    { server: 'S', fromUs: 0, decidedUs: 0, rule: 'UTC', ruleId: null, confidence: 'provisional' },
  ];
  await expect(dataset.export(selection(60), { ...call(60), strict: true })).rejects.toThrow(/provisional/);
});

test('an update against an empty database is an error, not a version without days', async () => {
  tenDays();
  await dataset.export(selection(60), call(60));
  source.rows.length = 0;
  await expect(dataset.update(JANUARY + 61 * DAY_US, call(61))).rejects.toMatchObject({
    code: 'DATASET_ROWS_LEFT',
  });
});

test('of two writers one gets the version, and the manifest is its own', async () => {
  tenDays();
  await dataset.export(selection(30), call(30));
  const other = open();
  let won = false;
  source.onExport = async () => {
    if (won) return;
    won = true;
    await other.update(JANUARY + 35 * DAY_US, call(35));
  };
  await expect(dataset.update(JANUARY + 40 * DAY_US, call(40))).rejects.toMatchObject({
    code: 'DATASET_MOVED',
  });
  expect(await open().manifest(1)).toMatchObject({ selection: { toUs: JANUARY + 35 * DAY_US } });
  expect(await checkVersion(open())).toMatchObject({ version: 1, findings: [] });
});

test('a manifest that does not belong to its commit is refused', async () => {
  tenDays();
  const first = await dataset.export(selection(60), call(60));
  const [attempt] = readdirSync(join(dir, 'set', '_manifest')).filter((name) => name !== '0.json');
  writeFileSync(join(dir, 'set', '_manifest', attempt ?? ''), JSON.stringify({ ...first, hash: 'another' }));
  await expect(open().manifest()).rejects.toMatchObject({ code: 'DATASET_MANIFEST_WRONG' });
});
