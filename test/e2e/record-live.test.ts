// The promise, row by row: every tick that the gateway wrote to a socket is in the table exactly once with the right UTC time, or it lies
// inside a recorded gap. record-live-kills.long.test.ts has the same under kills.
import { judge, Recording } from '@fxtape/testkit';
import { afterEach, expect, test } from 'vitest';

let recording: Recording | undefined;
afterEach(() => recording?.close());

test('a quiet recording has every tick once and covers what it has', async () => {
  recording = await Recording.start({ ticksPerSecond: 500 });
  const service = await recording.collector();
  await recording.live(service);
  await recording.moreTicks(3000);
  await recording.settle();
  const verdict = await judge(recording);
  expect(verdict).toMatchObject({ missing: 0, unaccounted: 0, doubled: 0, wrong: 0, unclaimedUs: 0 });
  expect(verdict.quotes).toBeLessThanOrEqual(3);
  expect(await recording.sql('SELECT count() FROM gaps WHERE ts_to IS NULL')).toEqual([[0]]);
  const coverage = await recording.sql("SELECT count() FROM coverage WHERE stream = 'ticks' AND ts_to > ts");
  expect(Number(coverage[0]?.[0])).toBeGreaterThan(0);
  expect((await service.stop()).code).toBe(0);
});
