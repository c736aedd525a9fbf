// A tape on a real file system that is full: append says TAPE_FULL, nothing of the refused batch stays, and it goes on as soon as
// there is room. Needs the right to mount a small tmpfs; where there is none, the tests are shown as skipped.

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FxtapeError } from '@fxtape/ops';
import { compressClosed, type Entry, listSegments, readTape, TapeWriter, writeCursor } from '@fxtape/tape';
import { tempDir } from '@fxtape/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

const folder = tempDir('tape-full');
let noMount: string | null = null;
beforeAll(() => {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder.path], { stdio: 'pipe' });
  } catch (error) {
    noMount = String(error);
  }
});
afterAll(async () => {
  if (noMount === null) execFileSync('umount', ['-l', folder.path]);
  await folder.remove();
});

const NOON = Date.UTC(2026, 5, 23, 12) * 1000;
const clock = { monoMs: () => performance.now() };
const open = (dir: string) =>
  TapeWriter.open({ dir, account: 'demo', head: () => ({ n: 1 }), clock, segmentBytes: 200_000 });
const entry = (i: number): Entry => ({
  conn: 1,
  recvUs: NOON + i,
  frame: JSON.stringify({ i, pad: 'x'.repeat(2000) }),
});
const ballast = join(folder.path, 'ballast');
/** Leaves no byte free. */
const fill = (): void => {
  const { bavail, bsize } = statfsSync(folder.path);
  writeFileSync(ballast, Buffer.alloc(bavail * bsize));
};
const frames = async (dir: string): Promise<number[]> => {
  const found: number[] = [];
  for await (const { items } of readTape(dir, null))
    for (const item of items) {
      if ('kind' in item) throw new Error(`damage: ${JSON.stringify(item)}`);
      if (item.frame !== null) found.push((JSON.parse(item.frame) as { i: number }).i);
    }
  return found;
};
const codeOf = async (act: () => unknown): Promise<string | null> => {
  try {
    await act();
    return null;
  } catch (error) {
    if (error instanceof FxtapeError) return error.code;
    throw error;
  }
};

test('a disk that fills up while recording, three times', async (context) => {
  if (noMount !== null) return context.skip(`no file system can be mounted here: ${noMount}`);
  const dir = join(folder.path, 'running');
  const tape = await open(dir);
  const kept: number[] = [];
  let i = 0;
  for (let round = 0; round < 3; round++) {
    for (let more = 0; more < 40; more++, i++) {
      tape.append([entry(i)]);
      kept.push(i);
    }
    fill();
    let refused = 0;
    for (let tries = 0; tries < 20; tries++, i++) {
      const code = await codeOf(() => tape.append([entry(i), entry(1_000_000 + i)]));
      if (code === null) kept.push(i, 1_000_000 + i);
      else {
        expect(code).toBe('TAPE_FULL');
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(10);
    tape.rotate();
    expect(await codeOf(() => tape.append([entry(i)]))).toBe('TAPE_FULL');
    expect(
      await codeOf(() =>
        writeCursor(dir, { position: { segment: 1, offset: 1 }, state: 'x'.repeat(10_000) }),
      ),
    ).toBe('TAPE_FULL');
    rmSync(ballast);
  }
  await tape.close();
  expect(await frames(dir)).toEqual(kept);
});

test('compression on a full disk: a code, and the plain segment stays', async (context) => {
  if (noMount !== null) return context.skip(`no file system can be mounted here: ${noMount}`);
  const dir = join(folder.path, 'compressing');
  const tape = await open(dir);
  for (let i = 0; i < 150; i++) tape.append([entry(i)]);
  await tape.close();
  expect((await listSegments(dir)).length).toBe(2);
  fill();
  const { failures, segments } = await compressClosed(dir);
  expect([segments, failures.map(({ code }) => code)]).toEqual([0, ['TAPE_FULL']]);
  expect((await frames(dir)).length).toBe(150);
  rmSync(ballast);
  expect(await compressClosed(dir)).toEqual({ segments: 1, failures: [] });
  expect((await frames(dir)).length).toBe(150);
});

test('a start on a full disk with a torn last line: the tape opens, append says so, and it goes on', async (context) => {
  if (noMount !== null) return context.skip(`no file system can be mounted here: ${noMount}`);
  const dir = join(folder.path, 'starting');
  const first = await open(dir);
  for (let i = 0; i < 20; i++) first.append([entry(i)]);
  await first.close();
  const path = (await listSegments(dir))[0]?.path as string;
  truncateSync(path, readFileSync(path).length - 500);
  fill();
  const tape = await open(dir);
  expect(tape.recovered.appendTo).toBeNull();
  expect(await codeOf(() => tape.append([entry(20)]))).toBe('TAPE_FULL');
  rmSync(ballast);
  tape.append([entry(20)]);
  await tape.close();
  const read: unknown[] = [];
  for await (const { items } of readTape(dir, null))
    for (const item of items)
      read.push('kind' in item ? item.reason : item.frame === null ? item.event : 'frame');
  expect(read).toEqual(['head', ...Array.from({ length: 19 }, () => 'frame'), 'torn', 'head', 'frame']);
  expect(readdirSync(dir, { recursive: true }).filter((name) => String(name).endsWith('.torn'))).toEqual([]);
});

test('a new tape on a full disk says TAPE_FULL', async (context) => {
  if (noMount !== null) return context.skip(`no file system can be mounted here: ${noMount}`);
  fill();
  const dir = join(folder.path, 'new');
  const code = await codeOf(async () => {
    const tape = await open(dir);
    try {
      tape.append([entry(0)]);
    } finally {
      await tape.close();
    }
  });
  rmSync(ballast);
  expect(code).toBe('TAPE_FULL');
});
