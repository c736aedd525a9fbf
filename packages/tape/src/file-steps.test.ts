// A file system that fails, or a process that ends, at any step of writing the cursor or compressing a segment: what stood there before is
// read, or what was to be written, and the next try succeeds.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { compressClosed, readCursor, readTape, TapeWriter, writeCursor } from './index.ts';

const hooks = globalThis as { [key: symbol]: ((place: string) => void) | undefined };
const HOOK = Symbol.for('fxtape.passing');
const folders: string[] = [];
const folder = (): string => {
  const dir = mkdtempSync(join(tmpdir(), 'tape-files-'));
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

test.each([
  ['cursor: write', 'ENOSPC', 'TAPE_FULL', 1],
  ['cursor: sync', 'EIO', 'TAPE_IO', 1],
  ['cursor: rename', 'EIO', 'TAPE_IO', 1],
  ['cursor: sync folder', 'EIO', 'TAPE_IO', 2],
])('%s fails with %s: %s, and cursor %i is read', async (place, code, told, read) => {
  const dir = folder();
  const cursor = (n: number) => ({ position: { segment: n, offset: n * 10 }, state: { n } });
  await writeCursor(dir, cursor(1));
  failAt(place, code);
  await expect(writeCursor(dir, cursor(2))).rejects.toMatchObject({ code: told });
  expect(await readCursor(dir)).toEqual(cursor(read));
  hooks[HOOK] = undefined;
  await writeCursor(dir, cursor(3));
  expect(await readCursor(dir)).toEqual(cursor(3));
});

test.each([
  ['compress: write', 'ENOSPC', 'TAPE_FULL'],
  ['compress: sync', 'EIO', 'TAPE_IO'],
  ['compress: rename', 'EIO', 'TAPE_IO'],
  ['compress: remove', 'EIO', 'TAPE_IO'],
])('%s fails with %s: %s, every line is read once', async (place, code, told) => {
  const dir = folder();
  const clock = { monoMs: () => performance.now() };
  const tape = await TapeWriter.open({ dir, account: 'demo', head: () => ({ at: 'head' }), clock });
  const noon = Date.UTC(2026, 5, 23, 12) * 1000;
  for (let i = 0; i < 20; i++) {
    if (i === 10) tape.rotate();
    tape.append([{ conn: 1, recvUs: noon + i * 1000, mark: 'live', frame: `{"i":${i}}` }]);
  }
  await tape.close();
  const frames = async (): Promise<unknown[]> => {
    const read: unknown[] = [];
    for await (const { items } of readTape(dir, null))
      for (const item of items)
        read.push(
          'kind' in item ? item : item.frame === null ? null : (JSON.parse(item.frame) as { i: number }).i,
        );
    return read.filter((frame) => frame !== null);
  };
  const written = Array.from({ length: 20 }, (_, i) => i);
  failAt(place, code);
  const { failures } = await compressClosed(dir);
  expect(failures.map((failure) => failure.code)).toEqual([told]);
  expect(await frames()).toEqual(written);
  hooks[HOOK] = undefined;
  expect((await compressClosed(dir)).failures).toEqual([]);
  expect(await frames()).toEqual(written);
  const names = readdirSync(dir, { recursive: true, encoding: 'utf8' });
  expect(names.filter((name) => name.endsWith('.partial'))).toEqual([]);
  expect(names.filter((name) => name.endsWith('.ndjson'))).toHaveLength(1);
});
