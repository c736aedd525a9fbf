// A dataset in a folder: a name is taken once, whole, and an error says what has to be changed.
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { FolderStore } from './folder-store.ts';
import { openStore } from './open-store.ts';
import { proveSafe } from './prove-safe.ts';
import type { StoredFile } from './store.ts';

const hooks = globalThis as { [key: symbol]: ((place: string) => void) | undefined };
const HOOK = Symbol.for('fxtape.passing');
const folders: string[] = [];
const folder = (): string => {
  const dir = mkdtempSync(join(tmpdir(), 'fxtape-store-'));
  folders.push(dir);
  return dir;
};
afterEach(() => {
  hooks[HOOK] = undefined;
  for (const dir of folders.splice(0)) rmSync(dir, { recursive: true, force: true });
});
const failAt = (failing: string, code: string): void => {
  hooks[HOOK] = (place) => {
    if (place === failing) throw Object.assign(new Error('a fault of the disk'), { code });
  };
};
const bytes = (text: string): Buffer => Buffer.from(text);
const listed = async (store: FolderStore, prefix: string): Promise<string[]> => {
  const found: StoredFile[] = [];
  for await (const file of store.list(prefix)) found.push(file);
  return found.map(({ path }) => path).toSorted();
};

test('a name is taken once', async () => {
  const dir = folder();
  const store = new FolderStore(join(dir, 'not', 'there', 'yet'));
  expect(await store.read('_delta_log/0.json')).toBeNull();
  expect(await store.putIfAbsent('_delta_log/0.json', bytes('first'))).toBe(true);
  expect(await store.putIfAbsent('_delta_log/0.json', bytes('second'))).toBe(false);
  expect((await store.read('_delta_log/0.json'))?.toString()).toBe('first');
  await store.put('_README.md', bytes('a'));
  await store.put('_README.md', bytes('b'));
  expect((await store.read('_README.md'))?.toString()).toBe('b');
  expect(readdirSync(store.stagingDir)).toEqual([]);
  await proveSafe(store);
  expect(readdirSync(store.stagingDir)).toEqual([]);
});

test('a store that replaces files is detected, even one that checks first and writes later', async () => {
  const dir = folder();
  const unsafe = expect.objectContaining({ code: 'DATASET_STORE_UNSAFE' }) as Error;
  class Replacing extends FolderStore {
    override async putIfAbsent(path: string, content: Uint8Array): Promise<boolean> {
      await this.put(path, content);
      return true;
    }
  }
  class LookingFirst extends FolderStore {
    override async putIfAbsent(path: string, content: Uint8Array): Promise<boolean> {
      if ((await this.read(path)) !== null) return false;
      await this.put(path, content);
      return true;
    }
  }
  await expect(proveSafe(new Replacing(dir))).rejects.toThrowError(unsafe);
  await expect(proveSafe(new LookingFirst(dir))).rejects.toThrowError(unsafe);
});

test('a finished file is moved in; the same call again is harmless', async () => {
  const dir = folder();
  const store = new FolderStore(dir);
  const local = join(store.stagingDir, 'part.parquet');
  writeFileSync(local, 'rows');
  const path = 'symbol=EUR%2FUSD/part-1.parquet';
  await store.putFile(path, local);
  await store.putFile(path, local);
  expect(existsSync(local)).toBe(false);
  expect(await store.withLocal(path, async (at) => readFileSync(at, 'utf8'))).toBe('rows');
  await expect(store.putFile('symbol=x/part-2.parquet', local)).rejects.toMatchObject({
    code: 'DATASET_STORE_FAILED',
  });
  await expect(store.withLocal('symbol=x/part-2.parquet', async () => 1)).rejects.toMatchObject({
    code: 'DATASET_FILE_MISSING',
  });
  await store.remove(path);
  await store.remove(path);
  expect(await listed(store, '')).toEqual([]);
});

test('a file from another file system is copied, synced and renamed; a kill on the way leaves no file under the name', async () => {
  const store = new FolderStore(folder());
  const local = join(folder(), 'part.parquet');
  writeFileSync(local, 'rows');
  const path = 'symbol=a/part-1.parquet';
  const renames = (fail: boolean): void => {
    let first = true;
    hooks[HOOK] = (place) => {
      if (place !== 'dataset: rename' || (!first && !fail)) return;
      const code = first ? 'EXDEV' : 'EIO';
      first = false;
      throw Object.assign(new Error(code), { code });
    };
  };
  renames(true);
  await expect(store.putFile(path, local)).rejects.toMatchObject({ code: 'DATASET_STORE_FAILED' });
  expect([await store.read(path), existsSync(local)]).toEqual([null, true]);
  renames(false);
  await store.putFile(path, local);
  expect([(await store.read(path))?.toString(), existsSync(local)]).toEqual(['rows', false]);
  expect(readdirSync(store.stagingDir)).toEqual([]);
});

test('what is below a prefix is listed; links to folders are not followed', async () => {
  const dir = folder();
  const store = new FolderStore(dir);
  for (const path of ['_delta_log/1.json', 'symbol=a/x.parquet', 'symbol=ab/y.parquet', '_staging/z'])
    await store.put(path, bytes('1'));
  const outside = folder();
  writeFileSync(join(outside, 'theirs.parquet'), '');
  symlinkSync(outside, join(dir, 'symbol=link'));
  expect(await listed(store, '')).toEqual([
    '_delta_log/1.json',
    '_staging/z',
    'symbol=a/x.parquet',
    'symbol=ab/y.parquet',
  ]);
  expect(await listed(store, '_delta_log/')).toEqual(['_delta_log/1.json']);
  expect(await listed(store, 'symbol=a')).toEqual(['symbol=a/x.parquet', 'symbol=ab/y.parquet']);
  expect(await listed(store, 'symbol=a/x.parquet')).toEqual(['symbol=a/x.parquet']);
  expect(await listed(store, 'none/')).toEqual([]);
});

test.each(['../x', '/etc/passwd', 'a//b', 'a/../../b', '.', 'a\\b', 'a\u0000b', ''])(
  'the path %j is refused',
  async (path) => {
    const store = new FolderStore(folder());
    const refused = { code: 'DATASET_PATH_INVALID' };
    await expect(store.read(path)).rejects.toMatchObject(refused);
    await expect(store.put(path, bytes('x'))).rejects.toMatchObject(refused);
    await expect(store.putIfAbsent(path, bytes('x'))).rejects.toMatchObject(refused);
    await expect(store.remove(path)).rejects.toMatchObject(refused);
  },
);

describe('a failing disk', () => {
  test.each([
    ['dataset: create', 'EACCES', 'DATASET_ACCESS_DENIED'],
    ['dataset: write', 'ENOSPC', 'DATASET_STORE_FULL'],
    ['dataset: write', 'EDQUOT', 'DATASET_STORE_FULL'],
    ['dataset: sync', 'EIO', 'DATASET_STORE_FAILED'],
    ['dataset: link', 'EROFS', 'DATASET_ACCESS_DENIED'],
  ])('%s fails with %s: %s, and nothing has the name', async (place, errno, code) => {
    const store = new FolderStore(folder());
    await store.put('a/0', bytes('0'));
    failAt(place, errno);
    await expect(store.putIfAbsent('a/1', bytes('1'))).rejects.toMatchObject({ code });
    hooks[HOOK] = undefined;
    expect(await listed(store, '')).toEqual(['a/0']);
    expect(await store.putIfAbsent('a/1', bytes('1'))).toBe(true);
  });

  test('a name that is too long, a folder that is a file', async () => {
    const dir = folder();
    writeFileSync(join(dir, 'file'), '');
    const store = new FolderStore(dir);
    await expect(store.put('x'.repeat(300), bytes('1'))).rejects.toMatchObject({
      code: 'DATASET_NAME_UNSUPPORTED',
    });
    await expect(store.read('file/0.json')).rejects.toMatchObject({ code: 'DATASET_STORE_FAILED' });
    await expect(new FolderStore(join(dir, 'file')).put('a', bytes('1'))).rejects.toMatchObject({
      code: 'DATASET_STORE_FAILED',
    });
  });
});

test('an aborted call writes nothing', async () => {
  const store = new FolderStore(folder());
  const signal = AbortSignal.abort(new Error('stop'));
  await expect(store.putIfAbsent('a', bytes('1'), signal)).rejects.toThrowError('stop');
  await expect(store.read('a', signal)).rejects.toThrowError('stop');
  expect(await listed(store, '')).toEqual([]);
});

test.each([
  ['', 'DATASET_ADDRESS_INVALID'],
  ['https://bucket.example', 'DATASET_ADDRESS_INVALID'],
  ['s3://', 'DATASET_ADDRESS_INVALID'],
  ['s3://key:verysecret@bucket/x', 'DATASET_ADDRESS_INVALID'],
  ['s3://bucket/x?secret=verysecret', 'DATASET_ADDRESS_INVALID'],
  ['s3://bucket/x?endpoint=http://key:verysecret@host', 'DATASET_ADDRESS_INVALID'],
  ['s3://bucket/x?path-style=verysecret', 'DATASET_ADDRESS_INVALID'],
  ['s3://bucket/a/..%2Fb', 'DATASET_PATH_INVALID'],
])('the address %j is refused, and not repeated', async (address, code) => {
  const error = (await openStore(address).catch((each: unknown) => each)) as Error;
  expect(error).toMatchObject({ code });
  expect(JSON.stringify([error.message, error])).not.toContain('verysecret');
});

test('addresses', async () => {
  expect(await openStore('data/ticks')).toBeInstanceOf(FolderStore);
  const store = await openStore('s3://bucket/a/b/?endpoint=http://127.0.0.1:1&region=x&path-style=true');
  expect(store.address).toBe('s3://bucket/a/b');
  store.close();
});
