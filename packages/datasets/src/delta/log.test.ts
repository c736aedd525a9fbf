// The log: what was committed is read back, at every version; one of several writers of a version wins; a cut at any step leaves the old
// version or the new one; what another tool wrote is followed, ignored or refused.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { FolderStore } from '../store/folder-store.ts';
import type { AddFile, Commit, TableMeta } from './actions.ts';
import { DeltaLog } from './log.ts';
import { partitionFolder } from './paths.ts';
import { checkpointPath, commitPath } from './wire.ts';

const hooks = globalThis as { [key: symbol]: ((place: string) => void) | undefined };
const HOOK = Symbol.for('fxtape.passing');
const folders: string[] = [];
const folder = (): string => {
  const dir = mkdtempSync(join(tmpdir(), 'fxtape-log-'));
  folders.push(dir);
  return dir;
};
afterEach(() => {
  hooks[HOOK] = undefined;
  for (const dir of folders.splice(0)) rmSync(dir, { recursive: true, force: true });
});

const meta: TableMeta = {
  id: '7f7d1c52-0000-4000-8000-000000000001',
  name: 'ticks',
  description: 'ticks of a test',
  columns: [
    { name: 'ts', type: 'timestamp', comment: 'UTC' },
    { name: 'bid', type: 'double', comment: '' },
    { name: 'symbol', type: 'string', comment: '' },
  ],
  partitionColumns: ['symbol'],
  configuration: { 'fxtape.kind': 'ticks' },
  createdMs: 1_767_225_600_000,
};
const DAY_US = 86_400_000_000;
const FROM_US = Date.UTC(2026, 0, 1) * 1000;
const file = (n: number, symbol = 'EUR/USD'): AddFile => ({
  path: `${partitionFolder(['symbol'], { symbol })}/part-${n}.parquet`,
  partitionValues: { symbol },
  bytes: 4,
  modifiedMs: 1_767_225_600_000,
  rows: 10 + n,
  firstUs: FROM_US + n * DAY_US,
  lastUs: FROM_US + n * DAY_US + 123_456,
});
const commitOf = (
  version: number,
  more: Partial<Commit> = {},
  atMs = 1_767_225_600_000 + version,
): Commit => ({
  version,
  info: {
    atMs,
    operation: 'WRITE',
    txnId: `txn-${version}`,
    engineInfo: 'fxtape/test',
    fxtape: { reason: 'test' },
  },
  meta: version === 0 ? meta : null,
  add: [file(version)],
  remove: version === 0 ? [] : [file(version - 1)],
  ...more,
});
const place = (dir: string, files: readonly AddFile[]): void => {
  for (const { bytes, path } of files) {
    mkdirSync(join(dir, path, '..'), { recursive: true });
    writeFileSync(join(dir, path), 'x'.repeat(bytes));
  }
};
const open = (dir: string, more: object = {}) => new DeltaLog({ store: new FolderStore(dir), ...more });
const write = async (dir: string, ...commits: readonly Commit[]): Promise<void> => {
  const log = open(dir);
  for (const commit of commits) {
    place(dir, commit.add);
    expect(await log.commit(commit)).toBe('committed');
  }
};
const append = (dir: string, version: number, ...actions: object[]): void =>
  writeFileSync(join(dir, commitPath(version)), actions.map((each) => `${JSON.stringify(each)}\n`).join(''));
const refused = (code: string): Error => expect.objectContaining({ code }) as Error;

test('versions are read back, each as it was', async () => {
  const dir = folder();
  await write(dir, commitOf(0), commitOf(1), commitOf(2, { remove: [] }));
  const log = open(dir);
  const one = await log.snapshot(1);
  expect(one).toEqual({
    version: 1,
    info: commitOf(1).info,
    meta,
    files: new Map([[file(1).path, file(1)]]),
  });
  expect([...(await log.snapshot()).files.values()]).toEqual([file(1), file(2)]);
  expect([...(await log.snapshot(0)).files.values()]).toEqual([file(0)]);
  expect((await log.history()).map(({ info, version }) => [version, info.txnId])).toEqual([
    [0, 'txn-0'],
    [1, 'txn-1'],
    [2, 'txn-2'],
  ]);
  expect(await log.newestVersion()).toBe(2);
  await expect(log.snapshot(3)).rejects.toThrowError(refused('DATASET_VERSION_UNKNOWN'));
  await expect(log.snapshot(-1)).rejects.toThrowError(refused('DATASET_VERSION_UNKNOWN'));
});

test('the lines of a commit are what other tools expect', async () => {
  const dir = folder();
  await write(dir, commitOf(0), commitOf(1));
  const lines = (version: number) =>
    readFileSync(join(dir, commitPath(version)), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { commitInfo: object; add: { stats: string } });
  expect(lines(0)).toMatchObject([
    { commitInfo: { inCommitTimestamp: 1_767_225_600_000, txnId: 'txn-0' } },
    {
      protocol: {
        minReaderVersion: 1,
        minWriterVersion: 7,
        writerFeatures: ['inCommitTimestamp', 'appendOnly', 'invariants'],
      },
    },
    { metaData: { configuration: { 'delta.enableInCommitTimestamps': 'true', 'fxtape.kind': 'ticks' } } },
    { add: { path: 'symbol=EUR%252FUSD/part-0.parquet', partitionValues: { symbol: 'EUR/USD' }, size: 4 } },
  ]);
  expect(JSON.parse(lines(0)[3]?.add.stats ?? '')).toEqual({
    numRecords: 10,
    minValues: { ts: '2026-01-01T00:00:00.000000Z' },
    maxValues: { ts: '2026-01-01T00:00:00.123456Z' },
    nullCount: { ts: 0 },
  });
  expect(lines(1)[1]).toEqual({
    remove: {
      path: 'symbol=EUR%252FUSD/part-0.parquet',
      deletionTimestamp: 1_767_225_600_001,
      dataChange: true,
      extendedFileMetadata: true,
      partitionValues: { symbol: 'EUR/USD' },
      size: 4,
    },
  });
});

test('the times of versions rise, even when the clock went back', async () => {
  const dir = folder();
  await write(
    dir,
    commitOf(0, {}, 5000),
    commitOf(1, {}, 4000),
    commitOf(2, {}, 5001),
    commitOf(3, {}, 9000.7),
  );
  expect((await open(dir).history()).map(({ info }) => info.atMs)).toEqual([5000, 5001, 5002, 9000]);
});

test('of several writers at once one gets the version', async () => {
  const dir = folder();
  await write(dir, commitOf(0));
  const writers = Array.from({ length: 8 }, (_, n) =>
    commitOf(1, { add: [file(100 + n)], info: { ...commitOf(1).info, txnId: `w-${n}` } }),
  );
  place(
    dir,
    writers.flatMap(({ add }) => add),
  );
  const outcomes = await Promise.all(writers.map((commit) => open(dir).commit(commit)));
  expect(outcomes.filter((outcome) => outcome === 'committed')).toHaveLength(1);
  const winner = outcomes.indexOf('committed');
  expect((await open(dir).snapshot()).info.txnId).toBe(`w-${winner}`);
  // Committed again, it is still ours; the other writer's is not.
  expect(await open(dir).commit(writers[winner] as Commit)).toBe('committed');
  expect(await open(dir).commit(writers[(winner + 1) % 8] as Commit)).toBe('taken');
  expect(readdirSync(join(dir, '_staging'))).toEqual([]);
});

/** More steps than a commit has. */
const CUTS = Array.from({ length: 12 }, (_, cut) => cut);

test.each(CUTS.flatMap((cut) => [true, false].map((dies) => [cut, dies] as const)))(
  'a commit is cut at step %i (killed: %s): the old version or the new one, and the same commit goes on',
  async (cut, dies) => {
    const dir = folder();
    await write(dir, commitOf(0));
    place(dir, [file(1)]);
    let steps = -1;
    // After a kill nothing reaches the disk any more; otherwise one step fails.
    hooks[HOOK] = (at) => {
      if (at === 'dataset: commit') steps = 0;
      else if (steps >= 0) steps += 1;
      if (dies ? steps >= cut : steps === cut) throw Object.assign(new Error('cut'), { code: 'EIO' });
    };
    const outcome = await open(dir)
      .commit(commitOf(1))
      .catch((error: unknown) => error);
    hooks[HOOK] = undefined;
    const after = await open(dir).snapshot();
    expect([...after.files.values()]).toEqual([file(after.version === 0 ? 0 : 1)]);
    if (outcome === 'committed' || steps < cut) expect([outcome, after.version]).toEqual(['committed', 1]);
    expect(await open(dir).commit(commitOf(1))).toBe('committed');
    expect((await open(dir).snapshot()).version).toBe(1);
  },
);

test('an answer that was lost: the log says whose the version is', async () => {
  const dir = folder();
  await write(dir, commitOf(0));
  place(dir, [file(1)]);
  const lost = Object.assign(new Error('connection lost'), { code: 'ECONNRESET' });
  const losing = (before: boolean, readable = true) => {
    const store = new FolderStore(dir);
    let answered = false;
    return new Proxy(store, {
      get: (target, name) => {
        if (name === 'putIfAbsent')
          return async (path: string, bytes: Uint8Array) => {
            if (!path.startsWith('_delta_log') || answered) return target.putIfAbsent(path, bytes);
            if (!before) await target.putIfAbsent(path, bytes);
            answered = !before;
            throw lost;
          };
        if (name === 'read' && !readable)
          return (path: string) => (path === commitPath(1) ? Promise.reject(lost) : target.read(path));
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
  };
  await expect(new DeltaLog({ store: losing(true) }).commit(commitOf(1))).rejects.toBe(lost);
  await expect(new DeltaLog({ store: losing(true, false) }).commit(commitOf(1))).rejects.toThrowError(
    refused('DATASET_COMMIT_UNCLEAR'),
  );
  expect(await new DeltaLog({ store: losing(false) }).commit(commitOf(1))).toBe('committed');
  const other = commitOf(1, { info: { ...commitOf(1).info, txnId: 'other' } });
  expect(await open(dir).commit(other)).toBe('taken');
});

describe('a commit that does not follow', () => {
  test.each<[string, Partial<Commit>, number, string]>([
    ['a hole in the versions', {}, 3, 'DATASET_COMMIT_INVALID'],
    ['a removed file that is not there', { remove: [file(7)] }, 1, 'DATASET_COMMIT_INVALID'],
    ['an added file that is there', { add: [file(0)], remove: [] }, 1, 'DATASET_COMMIT_INVALID'],
    ['a file twice', { add: [file(1), file(1)] }, 1, 'DATASET_COMMIT_INVALID'],
    [
      'a file of other partitions',
      { add: [{ ...file(1), partitionValues: {} }] },
      1,
      'DATASET_COMMIT_INVALID',
    ],
    ['a file that is not stored', { add: [file(9)] }, 1, 'DATASET_FILE_MISSING'],
    ['a file of another size', { add: [{ ...file(1), bytes: 5 }] }, 1, 'DATASET_FILE_MISSING'],
    [
      'a path that leads out',
      { add: [{ ...file(1), path: '../part-1.parquet' }] },
      1,
      'DATASET_PATH_INVALID',
    ],
  ])('%s', async (_, more, version, code) => {
    const dir = folder();
    await write(dir, commitOf(0));
    place(dir, [file(1)]);
    await expect(open(dir).commit(commitOf(version, more))).rejects.toThrowError(refused(code));
    expect(await open(dir).newestVersion()).toBe(0);
  });
});

describe('what other tools wrote', () => {
  const info = { commitInfo: { timestamp: 1, operation: 'X' } };
  const path = 'symbol=EUR%252FUSD/part-0.parquet';
  test.each<[string, object]>([
    ['a mark of a stream', { txn: { appId: 'spark', version: 3 } }],
    ['a domain', { domainMetadata: { domain: 'd', configuration: '{}', removed: false } }],
    ['changes beside the rows', { cdc: { path: 'c', partitionValues: {}, size: 1, dataChange: false } }],
    ['what is not known yet', { somethingNew: {} }],
    ['a removed file that was never added', { remove: { path: 'symbol=x/y.parquet', dataChange: false } }],
  ])('%s is ignored', async (_, action) => {
    const dir = folder();
    await write(dir, commitOf(0));
    append(dir, 1, info, action);
    expect([...(await open(dir).snapshot()).files.values()]).toEqual([file(0)]);
    place(dir, [file(2)]);
    expect(await open(dir).commit(commitOf(2, { remove: [] }))).toBe('committed');
  });

  test.each<[string, object]>([
    [
      'a newer reader version',
      { protocol: { minReaderVersion: 3, minWriterVersion: 7, readerFeatures: ['deletionVectors'] } },
    ],
    [
      'a deletion vector',
      {
        add: {
          path,
          partitionValues: { symbol: 'EUR/USD' },
          size: 4,
          stats: '{"numRecords":10}',
          modificationTime: 1,
          dataChange: true,
          deletionVector: { storageType: 'u' },
        },
      },
    ],
    [
      'a file elsewhere',
      {
        add: {
          path: 's3://other/part.parquet',
          partitionValues: { symbol: 'a' },
          size: 4,
          stats: '{"numRecords":1}',
          modificationTime: 1,
          dataChange: true,
        },
      },
    ],
    [
      'a file without its rows',
      {
        add: {
          path: 'symbol=a/b.parquet',
          partitionValues: { symbol: 'a' },
          size: 4,
          modificationTime: 1,
          dataChange: true,
        },
      },
    ],
    [
      'a null partition',
      {
        add: {
          path: 'symbol=a/b.parquet',
          partitionValues: { symbol: null },
          size: 4,
          stats: '{"numRecords":1}',
          modificationTime: 1,
          dataChange: true,
        },
      },
    ],
    [
      'a type we do not have',
      {
        metaData: {
          id: 'a',
          format: { provider: 'parquet' },
          schemaString: '{"type":"struct","fields":[{"name":"ts","type":"timestamp_ntz"}]}',
          partitionColumns: [],
        },
      },
    ],
  ])('%s is refused', async (_, action) => {
    const dir = folder();
    await write(dir, commitOf(0));
    append(dir, 1, info, action);
    await expect(open(dir).snapshot()).rejects.toThrowError(refused('DATASET_LOG_UNSUPPORTED'));
    // The version before is unchanged.
    expect((await open(dir).snapshot(0)).files.size).toBe(1);
  });

  test('an unknown feature of writers is read, and not written', async () => {
    const dir = folder();
    await write(dir, commitOf(0));
    append(dir, 1, info, {
      protocol: {
        minReaderVersion: 1,
        minWriterVersion: 7,
        writerFeatures: ['inCommitTimestamp', 'rowTracking'],
      },
    });
    expect((await open(dir).snapshot()).version).toBe(1);
    place(dir, [file(2)]);
    await expect(open(dir).commit(commitOf(2, { remove: [] }))).rejects.toThrowError(
      refused('DATASET_LOG_UNSUPPORTED'),
    );
  });
});

describe('a damaged log', () => {
  test.each<[string, (dir: string) => void]>([
    ['a missing commit', (dir) => rmSync(join(dir, commitPath(1)))],
    ['an empty commit', (dir) => writeFileSync(join(dir, commitPath(1)), '')],
    [
      'a torn commit',
      (dir) =>
        writeFileSync(join(dir, commitPath(1)), readFileSync(join(dir, commitPath(1))).subarray(0, 200)),
    ],
    ['a line that is not an action', (dir) => writeFileSync(join(dir, commitPath(1)), '[1]\n')],
    ['no first version', (dir) => rmSync(join(dir, commitPath(0)))],
  ])('%s is reported', async (_, damage) => {
    const dir = folder();
    await write(dir, commitOf(0), commitOf(1), commitOf(2));
    damage(dir);
    await expect(open(dir).snapshot()).rejects.toThrowError(refused('DATASET_LOG_DAMAGED'));
    await expect(open(dir).commit(commitOf(3))).rejects.toThrowError(refused('DATASET_LOG_DAMAGED'));
  });

  test('without a log there is no dataset', async () => {
    const dir = folder();
    expect(await open(dir).newestVersion()).toBeNull();
    await expect(open(dir).snapshot()).rejects.toThrowError(refused('DATASET_NOT_FOUND'));
    await expect(open(join(dir, 'none')).snapshot()).rejects.toThrowError(refused('DATASET_NOT_FOUND'));
    writeFileSync(join(dir, 'a-file'), '');
    await expect(open(join(dir, 'a-file')).snapshot()).rejects.toThrowError(refused('DATASET_STORE_FAILED'));
  });
});

test('checkpoints: the same state, even without the commits before them or with a damaged one', async () => {
  const dir = folder();
  const warned: unknown[] = [];
  const log = open(dir, { checkpointEvery: 3, log: { warn: (fields: object) => warned.push(fields) } });
  for (let version = 0; version <= 7; version += 1) {
    const add = [file(version), file(version, 'é "x"')];
    place(dir, add);
    expect(await log.commit(commitOf(version, { add, remove: version === 4 ? [file(1)] : [] }))).toBe(
      'committed',
    );
  }
  expect(warned).toEqual([]);
  expect(readdirSync(join(dir, '_delta_log')).filter((name) => !name.endsWith('.json'))).toEqual([
    '00000000000000000003.checkpoint.parquet',
    '00000000000000000006.checkpoint.parquet',
    '_last_checkpoint',
  ]);
  const whole = await log.snapshot();
  expect(whole.files.size).toBe(15);
  expect(await open(dir).snapshot()).toEqual(whole);
  const sixth = await open(dir).snapshot(6);
  // Another tool may remove the commits before a checkpoint.
  for (const version of [0, 1, 2, 3, 4, 5]) rmSync(join(dir, commitPath(version)));
  expect(await open(dir).snapshot()).toEqual(whole);
  expect(await open(dir).snapshot(6)).toEqual(sixth);
  writeFileSync(join(dir, checkpointPath(6)), 'PAR1');
  await expect(open(dir).snapshot()).rejects.toThrowError(refused('DATASET_LOG_DAMAGED'));
});

test('a checkpoint that cannot be written does not stop the commit, and is tried again at the next version', async () => {
  const dir = folder();
  await write(dir, commitOf(0), commitOf(1));
  const warned: { code: string }[] = [];
  const log = open(dir, {
    checkpointEvery: 2,
    log: { warn: (fields: { code: string }) => warned.push(fields) },
  });
  // A folder takes its name.
  mkdirSync(join(dir, checkpointPath(2), 'x'), { recursive: true });
  place(dir, [file(2), file(3)]);
  expect(await log.commit(commitOf(2))).toBe('committed');
  expect(warned.map(({ code }) => code)).toEqual(['DATASET_CHECKPOINT_FAILED']);
  rmSync(join(dir, checkpointPath(2)), { recursive: true });
  expect(await log.commit(commitOf(3))).toBe('committed');
  expect(warned).toHaveLength(1);
  expect(JSON.parse(readFileSync(join(dir, '_delta_log/_last_checkpoint'), 'utf8'))).toMatchObject({
    version: 3,
  });
  // A damaged checkpoint is ignored while the commits are there.
  writeFileSync(join(dir, checkpointPath(3)), 'PAR1');
  expect((await open(dir).snapshot()).files.size).toBe(1);
  expect(readdirSync(join(dir, '_staging'))).toEqual([]);
});
