// A dataset made from a real database: exported, proved, imported into an empty table and exported again; extended, healed and revised;
// as it was known earlier; resampled; and cut off in the middle.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  checkVersion,
  Dataset,
  diffVersions,
  importVersion,
  type Manifest,
  openStore,
  type RowSource,
  type Selection,
  writeForm,
} from '@fxtape/datasets';
import type { RowInput } from '@fxtape/market/tables';
import { createLog, systemClock } from '@fxtape/ops';
import { AppliedWatch, AppliedWriter, TableWriter } from '@fxtape/questdb';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ownQuestDb } from '../own-servers.ts';
import { chance, DatasetRig, selection, shuffled } from './dataset-rig.ts';

const DAY_US = 86_400_000_000;
const START = Date.UTC(2026, 0, 30) * 1000;
let rig: DatasetRig;
let dir: string;
let folders = 0;

beforeAll(async () => {
  rig = await DatasetRig.open(ownQuestDb().conf);
  dir = mkdtempSync(join(tmpdir(), 'fxtape-round-trip-'));
});
afterAll(async () => {
  await rig.close();
  rmSync(dir, { recursive: true, force: true });
});
beforeEach(async () => {
  for (const table of ['ticks', 'bars', 'bar_revisions', 'gap_events'])
    await rig.http.exec(`TRUNCATE TABLE ${table}`);
});

const fresh = async (): Promise<Dataset> => {
  folders += 1;
  return new Dataset({ store: await openStore(join(dir, String(folders))), engine: 'fxtape test' });
};
const all = (more: Partial<Selection> = {}): Selection =>
  selection({ kind: 'ticks', fromUs: START, toUs: START + 5 * DAY_US, ...more });
const write = (dataset: Dataset, of: Selection, source: RowSource = rig.source): Promise<Manifest> =>
  dataset.export(of, { source, nowUs: START + 40 * DAY_US });

/** Four days over a month's end, symbols of odd spelling, several ticks in one millisecond, nulls. */
function someTicks(): RowInput<'ticks'>[] {
  const random = chance(7);
  return ['EUR/USD', '#AAPL', 'US 500', '123456', 'é"\'%', 'XAU+'].flatMap((symbol) =>
    Array.from({ length: 400 }, (_, i) => {
      const ts = START + Math.floor(random() * 4 * 864) * 100_000_000 + Math.floor(random() * 3) * 1000;
      return {
        ts,
        feed: 'icm',
        symbol,
        ts_recv: ts + 40_000 + i,
        bid: random() < 0.1 ? null : Math.round(random() * 1e5) / 1e5,
        ask: 1 + Math.round(random() * 1e5) / 1e5,
        last: random() < 0.8 ? null : 2,
        volume: null,
        utc_offset_s: 7200,
        source: random() < 0.5 ? 'live' : 'history',
        quality: random() < 0.9 ? null : 'late',
      };
    }),
  );
}

async function importInto(dataset: Dataset): Promise<void> {
  const clock = systemClock();
  const log = createLog({ service: 'test', level: 'silent' });
  const writer = new TableWriter({ http: rig.http, log, clock, random: Math.random });
  const applied = new AppliedWriter({ writer, applied: new AppliedWatch({ http: rig.http, clock }) });
  await importVersion(dataset, {
    write: async (kind, rows) => {
      const written = { [kind]: rows };
      expect(await applied.write(written, { signal: AbortSignal.timeout(60_000) })).toEqual({
        condemned: [],
      });
    },
  });
  writer.close();
}

test('export, check, import into an empty table, export again: equal hashes and equal bytes, whatever the order of arrival', async () => {
  const ticks = someTicks();
  await rig.write('ticks', ...shuffled(ticks, chance(1), 9));
  const first = await fresh();
  const before = await write(first, all({ reception: true }));
  expect(before.rows).toBe(
    new Set(ticks.map(({ symbol, ts, ts_recv }) => `${symbol} ${ts} ${ts_recv}`)).size,
  );
  expect(await checkVersion(first)).toMatchObject({ findings: [], rows: before.rows, hash: before.hash });
  await rig.http.exec('TRUNCATE TABLE ticks');
  await importInto(first);
  const again = await write(await fresh(), all({ reception: true }));
  expect(again.hash).toBe(before.hash);
  expect(again.files.map(({ path, sha256 }) => [path, sha256])).toEqual(
    before.files.map(({ path, sha256 }) => [path, sha256]),
  );
  const plain = await write(await fresh(), all());
  expect(plain.hash).toBe(before.hash);
});

test('one day is healed, one is new: two days of one symbol, each row with its reason; the rest is not read', async () => {
  const ticks = someTicks();
  const cut = START + 3 * DAY_US;
  const lost = ticks.filter(
    ({ symbol, ts }) => symbol === '#AAPL' && ts >= START + DAY_US && ts < START + DAY_US + 3.6e9,
  );
  const gap = (event: 'opened' | 'state', state: 'open' | 'healed', ts: number): RowInput<'gap_events'> => ({
    ts,
    gap_id: 'g1',
    writer: event === 'opened' ? 'collector' : 'backfill',
    outage_id: 'o1',
    account: 'a',
    feed: 'icm',
    symbol: null,
    stream: 'ticks',
    timeframe: null,
    event,
    ts_from: START + DAY_US,
    ts_to: START + DAY_US + 3.6e9,
    cause: 'disconnect',
    state,
    rows_healed: state === 'healed' ? lost.length : null,
    missing_estimate: null,
    evidence: null,
  });
  await rig.write(
    'ticks',
    ticks.filter((tick) => tick.ts < cut && !lost.includes(tick)),
  );
  await rig.write('gap_events', [gap('opened', 'open', START + DAY_US)]);
  const dataset = await fresh();
  const at = (day: number) => ({ source: rig.source, nowUs: START + day * DAY_US });
  await dataset.export(all({ toUs: cut }), at(3));
  expect(await dataset.update(cut, at(3))).toBeNull();
  await rig.write(
    'ticks',
    lost,
    ticks.filter(({ ts }) => ts >= cut),
  );
  await rig.write('gap_events', [gap('state', 'healed', START + 3.5 * DAY_US)]);
  await dataset.update(START + 5 * DAY_US, at(5));
  const [a, b] = [await dataset.manifest(0), await dataset.manifest(1)];
  const differences = await diffVersions({ dataset, manifest: a }, { dataset, manifest: b });
  const rows = (reason: string): number =>
    differences.filter((each) => each.reason === reason).reduce((sum, each) => sum + each.rows, 0);
  expect(differences.every(({ change }) => change === 'added')).toBe(true);
  expect(lost.length).toBeGreaterThan(5);
  expect([rows('healed'), rows('extended')]).toEqual([
    lost.length,
    ticks.filter(({ ts }) => ts >= cut).length,
  ]);
  expect(b.rows - a.rows).toBe(rows('healed') + rows('extended'));
  expect(differences.find(({ reason }) => reason === 'healed')).toMatchObject({ evidence: 'gap g1' });
  expect(await checkVersion(dataset, { version: 0 })).toMatchObject({ findings: [], rows: a.rows });
  expect(await checkVersion(dataset)).toMatchObject({ findings: [], rows: b.rows });
});

test('a bar is revised: one changed row; as of before, the hash of the version of then', async () => {
  const bar = (n: number, close: number, seenDay: number): RowInput<'bar_revisions'> => ({
    ts: START + n * 3.6e9,
    feed: 'icm',
    symbol: 'EURUSD',
    timeframe: 'H1',
    open: 1,
    high: 2,
    low: 0.5,
    close,
    tick_volume: 7,
    real_volume: null,
    spread_points: 3,
    utc_offset_s: 7200,
    ts_seen: START + seenDay * DAY_US,
  });
  const bars = Array.from({ length: 48 }, (_, n) => bar(n, 1.5, 6));
  await rig.write('bars', bars);
  await rig.write('bar_revisions', bars);
  const dataset = await fresh();
  const of = all({ kind: 'bars' });
  const first = await dataset.export(of, { source: rig.source, nowUs: START + 7 * DAY_US });
  const revised = bar(5, 1.25, 8);
  await rig.write('bars', [revised]);
  await rig.write('bar_revisions', [revised]);
  const second = await dataset.update(of.toUs, { source: rig.source, nowUs: START + 9 * DAY_US });
  const found = await diffVersions({ dataset, manifest: first }, { dataset, manifest: second as Manifest });
  expect(found).toMatchObject([{ day: '2026-01-30', change: 'changed', rows: 1, reason: 'revised' }]);
  const pinned = await write(await fresh(), { ...of, asOfUs: START + 7 * DAY_US });
  expect(pinned.hash).toBe(first.hash);
});

test('resampled ticks are a dataset of their own, and so is a text', async () => {
  await rig.write('ticks', someTicks());
  const made = await write(
    await fresh(),
    all({ symbols: ['XAU*'], resample: { widthUs: 3.6e9, price: 'ask', align: 'utc' } }),
  );
  expect(made.columns.map(({ name }) => name)).toEqual(['ts', 'open', 'high', 'low', 'close', 'ticks']);
  expect(made.rows).toBeGreaterThan(40);
  const folder = join(dir, 'text');
  const texts = await writeForm({
    source: rig.source,
    selection: all({ symbols: ['XAU*'] }),
    form: 'csv',
    folder,
    nowUs: START + 40 * DAY_US,
  });
  expect(texts.reduce((sum, { rows }) => sum + rows, 0)).toBe(400);
  expect(readdirSync(folder)).toEqual(['feed=icm']);
});

test('an export that is stopped leaves no version; the same call completes it', async () => {
  await rig.write('ticks', someTicks());
  const dataset = await fresh();
  const stop = new AbortController();
  let files = 0;
  await expect(
    dataset.export(all(), {
      source: rig.source,
      nowUs: START + 40 * DAY_US,
      signal: stop.signal,
      onProgress: () => {
        files += 1;
        if (files === 3) stop.abort(new Error('Ctrl-C'));
      },
    }),
  ).rejects.toThrow('Ctrl-C');
  await expect(dataset.manifest()).rejects.toMatchObject({ code: 'DATASET_NOT_FOUND' });
  const done = await write(dataset, all());
  expect(await checkVersion(dataset)).toMatchObject({ findings: [], rows: done.rows });
});
