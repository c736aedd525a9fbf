// A backup of a real database and a tape: every column of every table comes back; what did not change is not stored twice; a damaged file is
// refused; old backups go without taking what newer ones share.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  backUp,
  listBackups,
  newestBackup,
  pruneBackups,
  restoreRows,
  restoreTapes,
  sizeOf,
} from '@fxtape/backup';
import { openStore, type Store } from '@fxtape/datasets';
import { type Column, type RowInput, type TableName, tableDef, tables } from '@fxtape/market/tables';
import { createLog } from '@fxtape/ops';
import { compressClosed, readTape, TapeWriter } from '@fxtape/tape';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ownQuestDb } from '../own-servers.ts';
import { chance, DatasetRig } from './dataset-rig.ts';

const NAMES = Object.keys(tables) as TableName[];
const START = Date.UTC(2026, 0, 30) * 1000;
const DAY_US = 86_400_000_000;
const log = createLog({ service: 'test', level: 'silent' });
let rig: DatasetRig;
let dir: string;
let store: Store;
let runs = 0;

beforeAll(async () => {
  rig = await DatasetRig.open(ownQuestDb().conf);
  dir = mkdtempSync(join(tmpdir(), 'fxtape-backup-'));
});
afterAll(async () => {
  await rig.close();
  rmSync(dir, { recursive: true, force: true });
});
beforeEach(async () => {
  for (const name of NAMES) await rig.http.exec(`TRUNCATE TABLE ${name}`);
  runs += 1;
  store = await openStore(join(dir, String(runs), 'backup'));
});

const dataDir = (): string => join(dir, String(runs), 'data');
const save = (more: Partial<Parameters<typeof backUp>[0]> = {}) =>
  backUp({
    http: rig.http,
    clock: rig.clock,
    store,
    dataDir: dataDir(),
    fxtape: 'test',
    demo: null,
    config: 'accounts: []\n',
    ...more,
  });
const bringBack = (backup: Awaited<ReturnType<typeof newestBackup>>) =>
  restoreRows(backup, { http: rig.http, clock: rig.clock, log }, { store });

/** The last one is no key. */
const WORDS = ['EURUSD', '#AAPL', 'é"\'%\n', '123', 'null', '😀', ''];

/** Values of every kind, extremes and nulls with them; keys are distinct by their time. */
function valueOf({ name, type }: Column, key: boolean, i: number, random: () => number): unknown {
  if (name === 'ts') return START + (i % 5) * DAY_US + i * 1_000_001;
  if (!key && random() < 0.2 && type !== 'boolean') return null;
  const whole = Math.floor(random() * 2 ** 31) - 2 ** 30;
  switch (type) {
    case 'timestamp':
      return START - Math.floor(random() * 1e15);
    case 'symbol':
    case 'varchar':
      return WORDS[Math.floor(random() * (key ? WORDS.length - 1 : WORDS.length))] as string;
    case 'double':
      return [0.1 + 0.2, -1e-9, 1.23456789012345e15, random()][i % 4];
    case 'long':
      return [whole, 2n ** 62n + BigInt(i), -(2n ** 60n)][i % 3];
    case 'int':
      return whole;
    case 'boolean':
      return random() < 0.5;
  }
}

function someRows(table: TableName, rows: number): RowInput<TableName>[] {
  const random = chance(NAMES.indexOf(table) + 1);
  const { columns, keys } = tableDef(table);
  return Array.from(
    { length: rows },
    (_, i) =>
      Object.fromEntries(
        columns.map((column) => [column.name, valueOf(column, keys.includes(column.name), i, random)]),
      ) as RowInput<TableName>,
  );
}

const contentOf = async (table: TableName): Promise<readonly unknown[]> =>
  (await rig.http.exec(`SELECT * FROM ${table} ORDER BY ts`)).dataset;

async function writeTape(account: string): Promise<string> {
  const folder = join(dataDir(), 'tape', account);
  const tape = await TapeWriter.open({
    dir: folder,
    account,
    head: () => null,
    clock: { monoMs: () => performance.now() },
  });
  for (let i = 0; i < 30; i++) {
    tape.append([{ conn: 1, recvUs: START + i, mark: 'live', frame: `{"n":${i}}` }]);
    if (i % 10 === 9) tape.rotate();
  }
  tape.append([{ conn: 1, recvUs: START + 100, mark: 'live', frame: '{"n":100}' }]);
  await tape.close();
  await compressClosed(folder, START + 20);
  return folder;
}

async function linesOf(folder: string): Promise<unknown[]> {
  const lines: unknown[] = [];
  for await (const { items } of readTape(folder, null)) lines.push(...items);
  return lines;
}

test('every column of every table comes back, and every line of the tape', async () => {
  for (const name of NAMES) await rig.write(name, someRows(name, 200));
  const before = new Map<TableName, readonly unknown[]>();
  for (const name of NAMES) before.set(name, await contentOf(name));
  const folder = await writeTape('icm');
  const lines = await linesOf(folder);
  writeFileSync(join(dataDir(), 'recorder-id'), 'abc\n');
  const made = await save();
  expect(sizeOf(made).rows).toBe(200 * NAMES.length);
  expect(made.recorder).toBe('abc');

  for (const name of NAMES) await rig.http.exec(`TRUNCATE TABLE ${name}`);
  const backup = await newestBackup(store);
  await bringBack(backup);
  // Twice: a restore that was cut off is run again.
  await bringBack(backup);
  for (const name of NAMES) expect(await contentOf(name), name).toEqual(before.get(name));
  await restoreTapes(backup, join(dir, String(runs), 'restored'), { store, database: '1' });
  const restored = join(dir, String(runs), 'restored', 'icm');
  expect(await linesOf(restored)).toEqual(lines);
  expect(lines.length).toBeGreaterThan(31);
});

test('what did not change is stored once; a new row changes its own file alone', async () => {
  await rig.write('ticks', someRows('ticks', 500));
  await writeTape('icm');
  const first = await save();
  const second = await save();
  expect(first.newBytes).toBe(sizeOf(first).bytes);
  expect(second.newBytes).toBe(0);
  const [row] = someRows('ticks', 1);
  await rig.write('ticks', [{ ...row, ts: START + 3 * DAY_US + 7 } as RowInput<'ticks'>]);
  const third = await save();
  const paths = (of: typeof first): string[] =>
    of.tables.flatMap(({ files }) => files.map(({ path }) => path));
  expect(paths(third).filter((path) => !paths(first).includes(path))).toHaveLength(1);
  expect(await listBackups(store)).toEqual([first.id, second.id, third.id]);
  const atMs = Date.parse(second.began);
  expect((await newestBackup(store, { atMs })).id).toBe(second.id);
  await expect(newestBackup(store, { atMs: atMs - 86_400_000 })).rejects.toMatchObject({
    code: 'BACKUP_NOT_FOUND',
  });
});

test('a file that is gone or damaged is told by its name', async () => {
  await rig.write('deals', someRows('deals', 10));
  const made = await save();
  const [file] = made.tables.flatMap(({ files }) => files);
  const path = join(store.address, file?.path ?? '');
  const bytes = readFileSync(path);
  bytes[20] = (bytes[20] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  await expect(bringBack(made)).rejects.toMatchObject({ code: 'BACKUP_DAMAGED' });
  rmSync(path);
  await expect(bringBack(made)).rejects.toMatchObject({
    code: 'BACKUP_DAMAGED',
    context: { path: file?.path },
  });
});

test('a backup that is cut off leaves none, and the next one uses its files', async () => {
  await rig.write('ticks', someRows('ticks', 500));
  const stop = new AbortController();
  const cut = save({
    signal: stop.signal,
    onProgress: ({ rows }) => {
      if (rows >= 200) stop.abort();
    },
  });
  await expect(cut).rejects.toMatchObject({ name: 'AbortError' });
  expect(await listBackups(store)).toEqual([]);
  const stored = readdirSync(join(store.address, 'tables', 'ticks')).length;
  expect(stored).toBeGreaterThan(0);
  const made = await save();
  expect(made.newBytes).toBeLessThan(sizeOf(made).bytes);
});

test('rows that arrive during a backup are in it as a whole or not at all, never less than before', async () => {
  await rig.write('ticks', someRows('ticks', 1000));
  let more = 0;
  const made = await save({
    http: {
      exec: (sql, options) => rig.http.exec(sql, options),
      exportParquet: async (sql, options) => {
        more += 1;
        const [row] = someRows('ticks', 1);
        await rig.write('ticks', [{ ...row, ts: START + more } as RowInput<'ticks'>]);
        return rig.http.exportParquet(sql, options);
      },
    },
  });
  const { rows } = sizeOf(made);
  expect(more).toBeGreaterThan(0);
  expect(rows).toBeGreaterThanOrEqual(1000);
  await rig.http.exec('TRUNCATE TABLE ticks');
  await bringBack(made);
  expect(await contentOf('ticks')).toHaveLength(rows);
});

test('an address belongs to one recording, and ids rise whatever the clock says', async () => {
  await rig.write('ticks', someRows('ticks', 10));
  const first = await save({ clock: { ...rig.clock, nowMs: () => Date.UTC(2099, 0, 1) } });
  const second = await save();
  expect(await listBackups(store)).toEqual([first.id, second.id]);
  await expect(save({ demo: 'simulated' })).rejects.toMatchObject({ code: 'BACKUP_OF_ANOTHER' });
  await pruneBackups(store, { keep: 1, nowMs: Date.now() });
  expect(await listBackups(store)).toEqual([second.id]);
});

test('a file that another process prunes meanwhile is noticed', async () => {
  await rig.write('ticks', someRows('ticks', 500));
  const first = await save();
  const [file] = first.tables.flatMap(({ files }) => files);
  const cut = save({
    onProgress: () => rmSync(join(store.address, file?.path ?? ''), { force: true }),
  });
  await expect(cut).rejects.toMatchObject({ code: 'BACKUP_CUT_SHORT' });
});

test('pruning keeps what a kept backup shares, and what may be under way', async () => {
  await rig.write('ticks', someRows('ticks', 500));
  const first = await save();
  const [row] = someRows('ticks', 1);
  await rig.write('ticks', [{ ...row, ts: START + 3 * DAY_US + 7 } as RowInput<'ticks'>]);
  const second = await save();
  const nowMs = Date.now();
  expect(await pruneBackups(store, { keep: 1, nowMs })).toEqual({ backups: 1, files: 0, bytes: 0 });
  const old = (nowMs - (2 * DAY_US) / 1000) / 1000;
  for (const { path } of first.tables.flatMap(({ files }) => files))
    if (statSync(join(store.address, path)).isFile()) utimesSync(join(store.address, path), old, old);
  expect(await pruneBackups(store, { keep: 1, nowMs })).toMatchObject({ backups: 0, files: 1 });
  await rig.http.exec('TRUNCATE TABLE ticks');
  await bringBack(second);
  expect(await contentOf('ticks')).toHaveLength(501);
});
