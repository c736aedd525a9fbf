import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import {
  compressClosed,
  type Damage,
  type Entry,
  type Line,
  listSegments,
  nodeFs,
  readCursor,
  readTail,
  readTape,
  applyRetention,
  tapeIsLocked,
  TapeWriter,
  writeCursor,
} from './index.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
const folder = (): string => {
  const dir = mkdtempSync(join(tmpdir(), 'tape-'));
  folders.push(dir);
  return dir;
};
const NOON = Date.UTC(2026, 5, 23, 12) * 1000;
const clock = { monoMs: () => performance.now() };
const open = (dir: string, more: object = {}) =>
  TapeWriter.open({ dir, account: 'demo', head: () => ({ n: 1 }), clock, ...more });
const frame = (i: number, us = NOON + i): Entry => ({
  conn: 1,
  recvUs: us,
  mark: 'live',
  frame: `{"i":${i},"s":"é\\n"}`,
});
const all = async (dir: string): Promise<(Line | Damage)[]> => {
  const items: (Line | Damage)[] = [];
  for await (const batch of readTape(dir, null)) items.push(...batch.items);
  return items;
};
const frames = (items: readonly (Line | Damage)[]): string[] =>
  items.flatMap((item) => ('kind' in item || item.frame === null ? [] : [item.frame]));
const only = (dir: string): string => {
  const name = readdirSync(dir, { recursive: true, encoding: 'utf8' }).find((each) =>
    each.endsWith('.ndjson'),
  );
  return join(dir, name as string);
};

test('what was appended is read back, in order, with increasing receive times', async () => {
  const dir = folder();
  const tape = await open(dir);
  const lines = tape.append([frame(0), frame(1, NOON - 5_000_000), frame(2)]);
  expect(lines.map((line) => line.tsRecv)).toEqual([NOON + 1, NOON + 2, NOON + 3]);
  await tape.close();
  const items = await all(dir);
  expect((items[0] as Line).event).toBe('head');
  expect(frames(items)).toEqual([0, 1, 2].map((i) => frame(i).frame));
});

test('cut at every byte of its last kilobyte: no whole line is lost, none invented, and it goes on', {
  timeout: 60_000,
}, async () => {
  const dir = folder();
  // A thousand starts: without waiting for the disk, which is not what is looked at.
  const fs = { ...nodeFs, sync: () => Promise.resolve(), syncFolder: () => undefined };
  const tape = await open(dir);
  for (let i = 0; i < 40; i++) tape.append([frame(i)]);
  await tape.close();
  const path = only(dir);
  const whole = readFileSync(path);
  for (let cut = whole.length - 1024; cut <= whole.length; cut++) {
    writeFileSync(path, whole.subarray(0, cut));
    const complete = whole.subarray(0, cut).toString().split('\n').length - 1;
    const lacksOnlyNewline = whole[cut] === 10 ? 1 : 0;
    const again = await open(dir, { fs });
    const [line] = again.append([frame(99, 0)]);
    await again.close();
    const items = await all(dir);
    expect(items.every((item) => !('kind' in item))).toBe(true);
    expect(frames(items).length).toBe(complete - 1 + lacksOnlyNewline + 1);
    expect((line as Line).tsRecv).toBe((items.at(-2) as Line).tsRecv + 1);
    rmSync(`${path}.${whole.lastIndexOf(10, cut - 1) + 1}.torn`, { force: true });
  }
});

test('read again from every line: what stood before and what stands after are everything', async () => {
  const dir = folder();
  const tape = await open(dir, { segmentBytes: 700 });
  for (let i = 0; i < 30; i++) tape.append([frame(i)]);
  await tape.close();
  const items = await all(dir);
  const ends = [];
  for await (const batch of readTape(dir, null, { maxLines: 1 })) ends.push(batch.end);
  expect(ends.length).toBe(items.length);
  for (const [i, end] of ends.entries()) {
    const rest = [];
    for await (const batch of readTape(dir, end)) rest.push(...batch.items);
    expect(rest).toEqual(items.slice(i + 1));
  }
});

test('a flipped byte is one damage item between its neighbours, also in a compressed tape', async () => {
  const dir = folder();
  const tape = await open(dir);
  for (let i = 0; i < 5; i++) tape.append([frame(i)]);
  tape.rotate();
  tape.append([frame(5)]);
  await tape.close();
  const path = only(dir);
  const bytes = readFileSync(path);
  const at = bytes.indexOf('"i":2');
  bytes[at + 4] = 55;
  writeFileSync(path, bytes);
  const check = async (): Promise<void> => {
    const items = await all(dir);
    expect(items.filter((item) => 'kind' in item)).toMatchObject([
      { reason: 'crc', afterTsRecv: NOON + 2, beforeTsRecv: NOON + 4 },
    ]);
    expect(frames(items)).toEqual([0, 1, 3, 4, 5].map((i) => frame(i).frame));
  };
  await check();
  expect(await compressClosed(dir)).toEqual({ segments: 1, failures: [] });
  await check();
});

test('a second writer is refused; the lock is free again after close', async () => {
  const dir = folder();
  const tape = await open(dir);
  await expect(open(dir)).rejects.toMatchObject({ code: 'TAPE_LOCKED' });
  expect(tapeIsLocked(dir)).toBe(true);
  await tape.close();
  expect(tapeIsLocked(dir)).toBe(false);
  await (await open(dir)).close();
});

test('a file that does not close keeps neither the lock nor its followers, and is closed once', async () => {
  const dir = folder();
  const closed: number[] = [];
  const close = (fd: number): void => {
    closed.push(fd);
    nodeFs.close(fd);
    throw Object.assign(new Error('EIO'), { code: 'EIO' });
  };
  const tape = await open(dir, { fs: { ...nodeFs, close } });
  tape.append([frame(1)]);
  tape.rotate();
  tape.append([frame(2)]);
  await tape.sync();
  await tape.sync();
  expect(closed).toHaveLength(1);
  const follower = tape.follow(null, { signal: new AbortController().signal });
  const given: number[] = [];
  const followed = (async () => {
    for await (const { items } of follower) given.push(items.length);
  })();
  await tape.close();
  await followed;
  expect(new Set(closed).size).toBe(2);
  expect(given.reduce((sum, n) => sum + n, 0)).toBe(4);
  await (await open(dir)).close();
});

test('a full disk: nothing of the batch counts, and the tape goes on when there is space', async () => {
  const dir = folder();
  let room = 4000;
  const fs = {
    ...nodeFs,
    write: (fd: number, bytes: Uint8Array): number => {
      if (room <= 0) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
      const part = bytes.subarray(0, Math.min(room, bytes.length));
      room -= part.length;
      return nodeFs.write(fd, part);
    },
  };
  const tape = await open(dir, { fs });
  const kept: number[] = [];
  let refused = 0;
  for (let i = 0; i < 100; i++) {
    try {
      tape.append([frame(i)]);
      kept.push(i);
    } catch (error) {
      expect(error).toMatchObject({ code: 'TAPE_FULL' });
      refused++;
      if (refused === 3) room = 1e9;
    }
  }
  await tape.close();
  expect(refused).toBe(3);
  const items = await all(dir);
  expect(items.some((item) => 'kind' in item)).toBe(false);
  expect(frames(items)).toEqual(kept.map((i) => frame(i).frame));
});

test('a follower gets every synced line once, over memory, files, rotation and compression', async () => {
  const dir = folder();
  const tape = await open(dir, { segmentBytes: 3000, ringBytes: 2000, syncEveryMs: 1 });
  const stop = new AbortController();
  const seen: string[] = [];
  const done = (async () => {
    for await (const batch of tape.follow(null, { signal: stop.signal, maxLines: 7 })) {
      seen.push(...frames(batch.items));
      if (seen.length >= 500) return;
    }
  })();
  for (let i = 0; i < 500; i++) {
    tape.append([frame(i)]);
    if (i % 50 === 0) await tape.sync();
    if (i % 120 === 0) await compressClosed(dir);
  }
  await tape.sync();
  await done;
  stop.abort();
  await tape.close();
  expect(seen).toEqual(Array.from({ length: 500 }, (_, i) => frame(i).frame));
});

test('the tail gives the newest head and what follows; a new day starts a segment', async () => {
  const dir = folder();
  const tape = await open(dir);
  tape.append([frame(0)]);
  tape.append([frame(1, NOON + 86_400_000_000)]);
  await tape.close();
  expect((await listSegments(dir)).length).toBe(2);
  const tail = await readTail(dir);
  expect(tail?.head).toMatchObject({ account: 'demo', state: { n: 1 } });
  const items: (Line | Damage)[] = [];
  for await (const batch of tail?.lines ?? []) items.push(...batch);
  expect(frames(items)).toEqual([frame(1).frame]);
});

test('retention keeps what is young, what is not applied, and the newest segment', async () => {
  const dir = folder();
  const tape = await open(dir);
  for (let i = 0; i < 4; i++) {
    tape.append([frame(i)]);
    tape.rotate();
  }
  await tape.close();
  const segments = await listSegments(dir);
  const at = (i: number) => ({ segment: segments[i]?.segment ?? 0, offset: 0 });
  expect(await applyRetention(dir, { olderThanUs: NOON * 2, appliedUpTo: at(1) })).toEqual({ removed: 1 });
  expect(await applyRetention(dir, { olderThanUs: 0, appliedUpTo: at(3) })).toEqual({ removed: 0 });
  expect(await applyRetention(dir, { olderThanUs: NOON * 2, appliedUpTo: at(3) })).toEqual({ removed: 2 });
  expect((await listSegments(dir)).length).toBe(1);
});

test('the cursor is whole or not there', async () => {
  const dir = folder();
  expect(await readCursor(dir)).toBeNull();
  const cursor = { position: { segment: 1, offset: 2 }, state: { a: [1] } };
  await writeCursor(dir, cursor);
  expect(await readCursor(dir)).toEqual(cursor);
  const path = join(dir, 'cursor.json');
  truncateSync(path, statSync(path).size - 1);
  expect(await readCursor(dir)).toBeNull();
});
