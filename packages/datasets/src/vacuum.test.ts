// Vacuum removes what no kept version needs, and nothing else, even while others write.
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { AddFile, TableMeta } from './delta/actions.ts';
import { DeltaLog } from './delta/log.ts';
import { FolderStore } from './store/folder-store.ts';
import { openVersion, vacuum } from './vacuum.ts';

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 5, 30);
const folders: string[] = [];
afterEach(() => {
  for (const dir of folders.splice(0)) rmSync(dir, { recursive: true, force: true });
});

const meta: TableMeta = {
  id: '7f7d1c52-0000-4000-8000-000000000001',
  name: 'ticks',
  description: '',
  columns: [
    { name: 'ts', type: 'timestamp', comment: '' },
    { name: 'symbol', type: 'string', comment: '' },
  ],
  partitionColumns: ['symbol'],
  configuration: {},
  createdMs: 0,
};
const file = (n: number): AddFile => ({
  path: `symbol=a/part-${n}.parquet`,
  partitionValues: { symbol: 'a' },
  bytes: 3,
  modifiedMs: 0,
  rows: 1,
  firstUs: 0,
  lastUs: 0,
});

/** Version n replaces the file of version n − 1; one version every ten days, the newest today. */
async function dataset(versions: number) {
  const dir = mkdtempSync(join(tmpdir(), 'fxtape-vacuum-'));
  folders.push(dir);
  const store = new FolderStore(dir);
  const log = new DeltaLog({ store });
  const place = (path: string, ageMs: number): void => {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), 'abc');
    utimesSync(join(dir, path), (NOW_MS - ageMs) / 1000, (NOW_MS - ageMs) / 1000);
  };
  const commit = (version: number, atMs: number) =>
    log.commit({
      version,
      info: { atMs, operation: 'WRITE', txnId: `t-${version}`, engineInfo: 'test', fxtape: {} },
      meta: version === 0 ? meta : null,
      add: [file(version)],
      remove: version === 0 ? [] : [file(version - 1)],
    });
  for (let version = 0; version < versions; version += 1) {
    const ageMs = (versions - 1 - version) * 10 * DAY_MS;
    place(file(version).path, ageMs);
    await commit(version, NOW_MS - ageMs);
  }
  const paths = async (): Promise<string[]> => {
    const found: string[] = [];
    for await (const { path } of store.list('')) found.push(path);
    return found.filter((path) => !path.startsWith('_delta_log/')).toSorted();
  };
  return { store, log, place, commit, paths };
}

test('versions of thirty days and the newest stay; older ones say that they were vacuumed', async () => {
  const { log, paths, store } = await dataset(6);
  const dry = await vacuum({ store, log, nowMs: NOW_MS, dryRun: true });
  expect(dry).toMatchObject({ keptFrom: 2, newest: 5, bytes: 6, orphans: [] });
  expect(await paths()).toHaveLength(6);
  expect(await vacuum({ store, log, nowMs: NOW_MS })).toEqual(dry);
  expect(await paths()).toEqual([2, 3, 4, 5].map((n) => file(n).path));
  for (const version of [2, 3, 4, 5])
    expect((await openVersion({ log, store }, version)).version).toBe(version);
  for (const version of [0, 1])
    await expect(openVersion({ log, store }, version)).rejects.toMatchObject({
      code: 'DATASET_VERSION_VACUUMED',
      context: { version, newest: 5 },
    });
  // The log still names them.
  expect(await log.history()).toHaveLength(6);
  expect((await vacuum({ store, log, nowMs: NOW_MS })).bytes).toBe(0);
  expect((await vacuum({ store, log, nowMs: NOW_MS + 1000 * DAY_MS, keepMs: 0 })).keptFrom).toBe(5);
  expect(await paths()).toEqual([file(5).path]);
  await store.remove(file(5).path);
  await expect(openVersion({ log, store })).rejects.toMatchObject({ code: 'DATASET_FILE_MISSING' });
});

test('a file that no version names is removed after a day; what is not ours stays', async () => {
  const { log, paths, place, store } = await dataset(1);
  const stays = [
    '_README.md',
    '_manifest/0.json',
    'notes.parquet',
    'other=a/part-1.parquet',
    'symbol=a/notes.txt',
    'symbol=a/x=b/part-1.parquet',
  ];
  for (const path of stays) place(path, 90 * DAY_MS);
  place('symbol=b/part-8.parquet', DAY_MS / 2);
  place('_staging/young', DAY_MS / 2);
  place('symbol=b/part-9.parquet', 2 * DAY_MS);
  place('_staging/old.partial', 2 * DAY_MS);
  const { orphans } = await vacuum({ store, log, nowMs: NOW_MS });
  expect(orphans.map(({ path }) => path).toSorted()).toEqual([
    '_staging/old.partial',
    'symbol=b/part-9.parquet',
  ]);
  expect(await paths()).toEqual(
    [...stays, '_staging/young', file(0).path, 'symbol=b/part-8.parquet'].toSorted(),
  );
});

test('a version that lands while files are listed or removed loses nothing', async () => {
  const { commit, log, paths, place, store } = await dataset(2);
  // Made two days ago by an export that took long.
  for (const n of [2, 3]) place(file(n).path, 2 * DAY_MS);
  const racing = new Proxy(store, {
    get: (target, name) => {
      if (name === 'list')
        return async function* (prefix: string) {
          yield* target.list(prefix);
          if (prefix === '') await commit(2, NOW_MS + 1);
        };
      if (name === 'remove')
        return async (path: string) => {
          await target.remove(path);
          if (path === file(0).path) await commit(3, NOW_MS + 2);
        };
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  await vacuum({ store: racing, log: new DeltaLog({ store }), nowMs: NOW_MS + 3, keepMs: 1 });
  expect(await paths()).toEqual([2, 3].map((n) => file(n).path));
  expect((await openVersion({ log, store })).version).toBe(3);
});

test('a log that cannot be read: nothing is removed', async () => {
  const { log, paths, store } = await dataset(4);
  await store.remove('_delta_log/00000000000000000001.json');
  await expect(vacuum({ store, log, nowMs: NOW_MS, keepMs: 0 })).rejects.toMatchObject({
    code: 'DATASET_LOG_DAMAGED',
  });
  expect(await paths()).toHaveLength(4);
});
