// SIGKILL at every marked place of the collector's start, after its tape was lost: the start that is not interrupted takes up where coverage
// ended, however many were interrupted before it.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Recording, Service } from '@fxtape/testkit';
import { expect, test } from 'vitest';
import { chance } from './chance.ts';
import { begin, promiseKept } from './lane.ts';

/** How a start ended that was to be killed. */
const endOf = (started: Service, recording: Recording): Promise<unknown> => {
  const lives = recording.live(started).then(
    () => 'it lives: it never passed the place',
    () => delay(10_000, 'it neither lives nor ends'),
  );
  return Promise.race([started.exited, lives]);
};

const HOOK = `--import=${new URL('passing-hook.mjs', import.meta.url).href}`;

test('killed-start: at every place, on a new tape', async () => {
  const between = chance('killed-start');
  const recording = await begin({ ticksPerSecond: 200 });
  const file = join(recording.dir, 'places');
  const passing = { NODE_OPTIONS: HOOK, PASSING_FILE: file };
  const tape = join(recording.dataDir, 'tape');
  let service = await recording.collector();
  await recording.live(service);
  // Places that only the very first start on a database passes (its migrations) are killed in killed-writes.
  await service.kill('SIGKILL');
  rmSync(tape, { recursive: true });
  service = await recording.collector(recording.dataDir, passing);
  await recording.live(service);
  // What follows belongs to the recording itself.
  const passed = readFileSync(file, 'utf8').trim().split('\n');
  const places = passed.slice(0, passed.indexOf('collector: parts made') + 1);
  process.stdout.write(`killed-start: ${places.length} places\n`);
  expect(places.length).toBeGreaterThan(10);
  for (const place of places) {
    const begunMs = performance.now();
    await recording.moreTicks(between(50, 800));
    await service.kill('SIGKILL');
    rmSync(tape, { recursive: true });
    const interrupted = recording.collector(recording.dataDir, { ...passing, PASSING_KILL_AT: place });
    const exit = await interrupted.then((started) => endOf(started, recording), String);
    expect(JSON.stringify(exit), place).toContain('SIGKILL');
    expect(existsSync(tape)).toBe(true);
    service = await recording.collector();
    await recording.live(service);
    process.stdout.write(`  ${place}: live after ${((performance.now() - begunMs) / 1000).toFixed(0)} s\n`);
  }
  await recording.moreTicks(400);
  const verdict = await promiseKept('kills at every place of a start', recording);
  const gaps = verdict.gaps.filter(({ cause, missing }) => cause === 'process_down' && missing > 0);
  expect(gaps.length).toBeGreaterThanOrEqual(places.length);
}, 2_700_000);
