// What is not a frame as it should be: kept aside, counted, shown, and never the end of the stream.
import { expect, test } from 'vitest';
import { begin, promiseKept } from './lane.ts';

test('junk-frames: every kind, again and again', async () => {
  const recording = await begin({ ticksPerSecond: 1000 });
  const service = await recording.collector();
  await recording.live(service);
  await recording.moreTicks(1000);
  const kinds = [
    'not_json',
    'cut_json',
    'binary',
    'unknown_type',
    'bad_tick',
    'bare_position',
    'bare_array',
    'huge',
    'time_zero',
    'invalid_utf8',
  ];
  for (const what of [...kinds, ...kinds]) {
    await recording.gateway.fault('junk', {
      what,
      count: 3,
      ...(what === 'bad_tick' ? { symbol: 'BTCUSD' } : {}),
    });
    await recording.moreTicks(300);
  }
  const verdict = await promiseKept('junk', recording);
  const rejected = await recording.sql('SELECT kind, count() FROM rejected');
  process.stdout.write(`  rejected: ${JSON.stringify(rejected)}\n`);
  const sum = rejected.reduce((total, [, count]) => total + Number(count), 0);
  expect(sum).toBeGreaterThanOrEqual(kinds.length * 2 * 3 - 12);
  expect(verdict.gaps.some((gap) => gap.cause === 'rejected')).toBe(true);
  // A trade without a time: its gap is where it came, and none of its rows are condemned.
  const [[deals]] = (await recording.sql(
    "SELECT count() FROM gaps WHERE stream = 'deals' AND cause = 'rejected' AND ts_from > '2020-01-01'",
  )) as [[number]];
  expect(Number(deals)).toBeGreaterThan(0);
  expect(rejected.some(([kind]) => String(kind).startsWith('row of'))).toBe(false);
});
