// What a real recorder recorded is replayed at full speed into a fresh one with empty engines: the same ticks. A reconnect on the tape is a reconnect in the
// replay; what the tape has lost comes from the tables, once.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { listSegments } from '@fxtape/tape';
import { DEMO_ACCOUNT, Recording, until } from '@fxtape/testkit';
import { WebSocket } from 'ws';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { canonicalTicks, Replayed, RULE } from './replay-rig.ts';

let recording: Recording;
let replayed: Replayed;
let tape: string;

beforeAll(async () => {
  recording = await Recording.start({ ticksPerSecond: 600, clock: RULE });
  tape = join(recording.dataDir, 'tape', 'demo');
  const service = await recording.collector();
  await recording.live(service);
  await recording.moreTicks(1500);
  await recording.gateway.command('fault', { kind: 'close', code: 1012 });
  await recording.live(service);
  await recording.moreTicks(1500);
  await recording.settle();
  await service.stop();
  replayed = new Replayed(recording);
}, 240_000);
afterEach(() => replayed?.close());
afterAll(() => recording?.close());

test('a fresh recorder has the same ticks, and the same reconnect', { timeout: 240_000 }, async () => {
  const { url } = await replayed.replay('--from', '1h', '--speed', 'max');
  const fresh = await replayed.fresh(String(url));
  expect(await replayed.exited).toMatchObject({ code: 0 });
  const ended = replayed.told('ended');
  expect(ended).toMatchObject({ complete: true, damaged: 0, connections: 2, unsent: 0 });
  await fresh.finish();
  expect(await canonicalTicks(fresh, { distinct: true })).toEqual(
    await canonicalTicks(recording, { distinct: true }),
  );
  const disconnects = `SELECT count() FROM gaps WHERE stream = 'ticks' AND cause = 'disconnect'`;
  expect(Number((await fresh.sql(disconnects))[0]?.[0])).toBeGreaterThan(0);
});
