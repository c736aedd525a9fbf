// A disk that fills up while recording: a clear state, a gap, no crash, and it goes on by itself when there is room again.
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempDir, until } from '@fxtape/testkit';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { chance } from './chance.ts';
import { atTheEnd, begin, closeGaps, promiseKept } from './lane.ts';

/** A file system of its own of so many MiB, or the reason why there can be none. */
const smallDisk = (mib: number): { path: string } | { why: string } => {
  const folder = tempDir('disk');
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mib}m`, 'tmpfs', folder.path], { stdio: 'pipe' });
  } catch (error) {
    return { why: error instanceof Error ? error.message : String(error) };
  }
  atTheEnd(async () => {
    execFileSync('umount', ['-l', folder.path]);
    await folder.remove();
  });
  return { path: folder.path };
};

/** Takes all but so many bytes. A recorder that goes on meanwhile may need some of them first: then it is full at once. */
const fill = (path: string, leave: number): (() => void) => {
  const ballast = join(path, 'ballast');
  const { bavail, bsize } = statfsSync(path);
  try {
    writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - leave)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
  return () => rmSync(ballast);
};

test('disk-full: three times', async (context) => {
  const disk = smallDisk(96);
  if ('why' in disk) return context.skip(`no file system can be mounted here: ${disk.why}`);
  const between = chance('disk-full');
  const recording = await begin({ ticksPerSecond: 2000, dataDir: disk.path });
  const service = await recording.collector();
  await recording.live(service);
  for (let round = 0; round < 3; round++) {
    await recording.moreTicks(12_000);
    const empty = fill(disk.path, 200_000);
    await until(async () => (await (await fetch(`${service.http}/readyz`)).text()).includes('TAPE_FULL'), {
      what: 'the state TAPE_FULL',
      deadlineMs: 30_000,
    });
    await delay(between(500, 8000));
    expect(service.child.exit).toBeNull();
    empty();
    await recording.live(service);
  }
  await recording.moreTicks(2000);
  const verdict = await promiseKept('disk full', recording);
  closeGaps(verdict);
  expect(verdict.gaps.some((gap) => gap.missing > 0)).toBe(true);
});

test('disk-full-at-the-start: a collector that starts on a wholly full disk waits, and goes on by itself', async (context) => {
  const disk = smallDisk(64);
  if ('why' in disk) return context.skip(`no file system can be mounted here: ${disk.why}`);
  const recording = await begin({ ticksPerSecond: 1000, dataDir: disk.path });
  const first = await recording.collector();
  await recording.live(first);
  await recording.moreTicks(1000);
  await first.kill('SIGKILL');
  const log = join(recording.dir, 'collector.log');
  const before = readFileSync(log, 'utf8').length;
  const empty = fill(disk.path, 0);
  // It is up when its run file is there, which has no room either.
  const starting = recording.collector();
  await until(() => readFileSync(log, 'utf8').slice(before).includes('TAPE_FULL'), {
    what: 'the word TAPE_FULL in its log',
    deadlineMs: 30_000,
  });
  await delay(chance('disk-full-at-the-start')(1000, 10_000));
  empty();
  const service = await starting;
  await recording.live(service);
  await recording.moreTicks(1000);
  await promiseKept('full at the start', recording);
});
