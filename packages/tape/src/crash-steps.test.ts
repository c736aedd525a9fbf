// A crash between any two steps of rotation, compression and retention, and files that are cut or changed afterwards: what can
// be read is what was written, in order, and what cannot is one damage item. Nothing is invented, no start is stopped.

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import {
  applyRetention,
  compressClosed,
  type Damage,
  type Entry,
  type Line,
  listSegments,
  newestHead,
  nodeFs,
  readTape,
  TapeWriter,
  verifyTape,
} from './index.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
const NOON = Date.UTC(2026, 5, 23, 12) * 1000;
const clock = { monoMs: () => performance.now() };
const entry = (i: number): Entry => ({ conn: 1, recvUs: NOON + i * 1000, mark: 'live', frame: `{"i":${i}}` });
const open = (dir: string, more: object = {}) =>
  TapeWriter.open({ dir, account: 'demo', head: () => ({ at: 'head' }), clock, ...more });
const all = async (dir: string): Promise<(Line | Damage)[]> => {
  const items: (Line | Damage)[] = [];
  for await (const batch of readTape(dir, null)) items.push(...batch.items);
  return items;
};
const frames = (items: readonly (Line | Damage)[]): number[] =>
  items.flatMap((item) =>
    'kind' in item || item.frame === null ? [] : [(JSON.parse(item.frame) as { i: number }).i],
  );
const damages = (items: readonly (Line | Damage)[]): Damage[] =>
  items.filter((item): item is Damage => 'kind' in item);
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Three segments of ten frames each: 0–9, 10–19, 20–29. */
const threeSegments = async (): Promise<{ dir: string; paths: string[] }> => {
  const dir = mkdtempSync(join(tmpdir(), 'tape-steps-'));
  folders.push(dir);
  const tape = await open(dir);
  for (let i = 0; i < 30; i++) {
    if (i % 10 === 0) tape.rotate();
    tape.append([entry(i)]);
  }
  await tape.close();
  return { dir, paths: (await listSegments(dir)).map(({ path }) => path) };
};

/** Opens the tape as after a crash, appends one frame, and gives everything that stands there. */
const startAgain = async (dir: string): Promise<(Line | Damage)[]> => {
  const tape = await open(dir);
  const [line] = tape.append([entry(99)]);
  await tape.close();
  const items = await all(dir);
  const times = items.flatMap((item) => ('kind' in item ? [] : [item.tsRecv]));
  expect(times).toEqual([...new Set(times)].toSorted((a, b) => a - b));
  expect(times.at(-1)).toBe((line as Line).tsRecv);
  return items;
};

test('compression: killed while the .partial was written', async () => {
  const { dir, paths } = await threeSegments();
  const partial = `${paths[0]}.zst.partial`;
  writeFileSync(partial, zstdCompressSync(readFileSync(paths[0] as string)).subarray(0, 40));
  expect(frames(await all(dir))).toEqual(range(30));
  expect(frames(await startAgain(dir))).toEqual([...range(30), 99]);
  expect(existsSync(partial)).toBe(false);
  expect(await compressClosed(dir)).toEqual({ segments: 2, failures: [] });
  expect(frames(await all(dir))).toEqual([...range(30), 99]);
});

test('compression: killed between the rename and the removal of the plain file', async () => {
  const { dir, paths } = await threeSegments();
  writeFileSync(`${paths[1]}.zst`, zstdCompressSync(readFileSync(paths[1] as string)));
  expect((await listSegments(dir)).map(({ both }) => both)).toEqual([false, true, false]);
  expect(frames(await startAgain(dir))).toEqual([...range(30), 99]);
  await compressClosed(dir);
  expect(readdirSync(dirname(paths[1] as string)).filter((name) => name.endsWith('.ndjson')).length).toBe(1);
  expect(frames(await all(dir))).toEqual([...range(30), 99]);
});

test('compression started by hand while a .partial of an earlier run stands there', async () => {
  const { dir, paths } = await threeSegments();
  writeFileSync(`${paths[0]}.zst.partial`, 'x'.repeat(100_000));
  await compressClosed(dir);
  expect(frames(await all(dir))).toEqual(range(30));
});

test('retention: killed after one of the two files of a segment was removed', async () => {
  const { dir, paths } = await threeSegments();
  writeFileSync(`${paths[0]}.zst`, zstdCompressSync(readFileSync(paths[0] as string)));
  rmSync(paths[0] as string);
  const appliedUpTo = { segment: NOON * 2, offset: 0 };
  expect(await applyRetention(dir, { olderThanUs: NOON * 2, appliedUpTo })).toEqual({ removed: 2 });
  expect(frames(await startAgain(dir))).toEqual([...range(10).map((i) => i + 20), 99]);
});

test.each([0, 1, 40, 150])('rotation: killed when %i bytes of the new head were written', async (bytes) => {
  const { dir, paths } = await threeSegments();
  const [first, second, third] = paths as [string, string, string];
  const head = readFileSync(third).subarray(0, bytes);
  writeFileSync(third, head);
  expect(frames(await all(dir))).toEqual(range(20));
  const items = await startAgain(dir);
  expect(frames(items)).toEqual([...range(20), 99]);
  expect(damages(items)).toEqual([]);
  // The torn head is kept as evidence, and the frame went on in the segment before.
  expect(existsSync(`${third}.0.torn`)).toBe(bytes > 0);
  expect(existsSync(third)).toBe(false);
  expect(existsSync(first) && existsSync(second)).toBe(true);
});

test('rotation: killed when only the folder of a new day was there', async () => {
  const { dir } = await threeSegments();
  mkdirSync(join(dir, '20260624'));
  expect(frames(await startAgain(dir))).toEqual([...range(30), 99]);
});

test('the newest segment is there compressed only: the next append starts another one', async () => {
  const { dir, paths } = await threeSegments();
  const newest = paths[2] as string;
  writeFileSync(`${newest}.zst`, zstdCompressSync(readFileSync(newest)));
  rmSync(newest);
  const items = await startAgain(dir);
  expect(frames(items)).toEqual([...range(30), 99]);
  expect(damages(items)).toEqual([]);
  expect((await listSegments(dir)).length).toBe(4);
});

test('a segment that is gone is one damage item, and is reported by the check', async () => {
  const { dir, paths } = await threeSegments();
  rmSync(paths[1] as string);
  const items = await all(dir);
  expect(frames(items)).toEqual([...range(10), ...range(10).map((i) => i + 20)]);
  expect(damages(items)).toMatchObject([{ reason: 'missing_segment' }]);
  const reports = [];
  for await (const report of verifyTape(dir)) reports.push(report);
  expect(reports.flatMap(({ damage }) => damage)).toMatchObject([{ reason: 'missing_segment' }]);
});

test('the end of a closed segment is gone: one damage item, and the check says how much', async () => {
  const { dir, paths } = await threeSegments();
  const path = paths[1] as string;
  const bytes = readFileSync(path);
  const cut = bytes.indexOf('"i":15');
  const lineStart = bytes.lastIndexOf('\n', cut) + 1;
  for (const end of [lineStart, cut]) {
    writeFileSync(path, bytes.subarray(0, end));
    const items = await all(dir);
    expect(frames(items)).toEqual([...range(15), ...range(10).map((i) => i + 20)]);
    expect(damages(items).length).toBe(1);
    const reports = [];
    for await (const report of verifyTape(dir)) reports.push(report);
    expect(reports.flatMap(({ damage }) => damage)).toMatchObject([
      { reason: 'missing_tail', bytes: bytes.length - lineStart },
    ]);
  }
});

test('a compressed segment cut anywhere: what stands before the cut is read, then one damage, then the next segment', async () => {
  const { dir } = await threeSegments();
  await compressClosed(dir);
  const path = (await listSegments(dir))[1]?.path as string;
  expect(path).toMatch(/\.zst$/);
  const whole = readFileSync(path);
  const later = range(10).map((i) => i + 20);
  for (let cut = 0; cut < whole.length; cut += 1) {
    writeFileSync(path, whole.subarray(0, cut));
    const items = await all(dir);
    const numbers = frames(items);
    const middle = numbers.filter((i) => i >= 10 && i < 20);
    expect(numbers).toEqual([...range(10), ...middle, ...later]);
    expect(middle).toEqual(range(middle.length).map((i) => i + 10));
    // Of the last four bytes, the checksum, no line depends.
    expect(damages(items).length).toBe(middle.length === 10 ? 0 : 1);
  }
});

test('a compressed segment with a changed byte: no line is invented, none that was read is different', async () => {
  const { dir } = await threeSegments();
  await compressClosed(dir);
  const path = (await listSegments(dir))[1]?.path as string;
  const whole = readFileSync(path);
  const before = await all(dir);
  const texts = new Set(before.map((item) => JSON.stringify(item)));
  for (let at = 0; at < whole.length; at++) {
    const changed = Buffer.from(whole);
    changed[at] = (changed[at] as number) ^ (1 << (at % 8));
    writeFileSync(path, changed);
    const items = await all(dir);
    const lines = items.filter((item): item is Line => !('kind' in item));
    expect(lines.every((line) => texts.has(JSON.stringify(line)))).toBe(true);
    expect(frames(items)).toEqual(frames(items).toSorted((a, b) => a - b));
    expect(lines.length === before.length || damages(items).length > 0).toBe(true);
  }
});

test('a torn end on a full disk stays as damage, and the next append starts a segment', async () => {
  const { dir, paths } = await threeSegments();
  const newest = paths[2] as string;
  const bytes = readFileSync(newest);
  writeFileSync(newest, bytes.subarray(0, bytes.length - 10));
  // The name for the evidence is taken by a folder: it cannot be set aside. Any other error than a full disk is told.
  const evidence = `${newest}.${bytes.lastIndexOf('\n', bytes.length - 2) + 1}.torn`;
  mkdirSync(evidence);
  await expect(open(dir)).rejects.toMatchObject({ code: 'TAPE_IO' });
  rmSync(evidence, { recursive: true });
  const items = await startAgain(dir);
  expect(frames(items)).toEqual([...range(29), 99]);
});

test('heads that cannot be read are passed over for an older one', async () => {
  const { dir, paths } = await threeSegments();
  const newest = paths[2] as string;
  const bytes = readFileSync(newest);
  bytes[20] = (bytes[20] as number) ^ 1;
  writeFileSync(newest, bytes);
  expect((await newestHead(dir))?.position.segment).toBe((await listSegments(dir))[1]?.segment);
  const items = await startAgain(dir);
  expect(frames(items)).toEqual([...range(30), 99]);
  expect(damages(items).length).toBe(1);
});

test('a tape of a newer format is refused, not misread', async () => {
  const { dir, paths } = await threeSegments();
  const { crc32 } = await import('node:zlib');
  const path = paths[2] as string;
  const [head = '', ...rest] = readFileSync(path, 'utf8').split('\n');
  const body = head.slice(0, -18).replace('"format":1', '"format":2');
  const crc = crc32(body).toString(16).padStart(8, '0');
  writeFileSync(path, [`${body},"crc":"${crc}"}`, ...rest].join('\n'));
  await expect(all(dir)).rejects.toMatchObject({ code: 'TAPE_FORMAT' });
  await expect(open(dir)).rejects.toMatchObject({ code: 'TAPE_FORMAT' });
});

test('a disk that fails in the middle of a batch: nothing of the batch stays, the file is not grown by half a line', async () => {
  const { dir } = await threeSegments();
  let failing = false;
  const fs = {
    ...nodeFs,
    write: (fd: number, bytes: Uint8Array): number => {
      if (!failing) return nodeFs.write(fd, bytes);
      nodeFs.write(fd, bytes.subarray(0, 7));
      throw Object.assign(new Error('disk'), { code: 'EIO' });
    },
  };
  const tape = await open(dir, { fs });
  tape.append([entry(30)]);
  failing = true;
  for (let i = 0; i < 3; i++)
    expect(() => tape.append([entry(31), entry(32)])).toThrowError(
      expect.objectContaining({ code: 'TAPE_IO' }) as Error,
    );
  tape.rotate();
  expect(() => tape.append([entry(31)])).toThrowError(expect.objectContaining({ code: 'TAPE_IO' }) as Error);
  failing = false;
  tape.append([entry(31)]);
  await tape.close();
  const items = await all(dir);
  expect([frames(items), damages(items)]).toEqual([range(32), []]);
});
