// `/symbols` is empty or short for a while, as of a terminal that starts, while the account records symbols by pattern: nothing ends, and what
// a start in between could not subscribe lies in a gap that ends soon after the list is whole again.
import { until } from '@fxtape/testkit';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { chance } from './chance.ts';
import { begin, promiseKept } from './lane.ts';

test('symbols: lists that are short or empty while the account records', async () => {
  const between = chance('symbols');
  const recording = await begin({
    ticksPerSecond: 200,
    redis: true,
    backfill: { ticks: false, deals: false, bars: {} },
  });
  let collector = await recording.collector();
  await recording.scheduler();
  await recording.live(collector);
  const streams = async () =>
    recording.sql('SELECT symbol, stream, timeframe, ts_to FROM streams WHERE symbol IS NOT NULL');
  const planned = await until(async () => (await streams()).length >= 6 && streams(), {
    what: 'the streams of three symbols',
    deadlineMs: 60_000,
    everyMs: 500,
    retryErrors: true,
  });
  const timeframes = [['M1'], ['M1', 'M5']] as const;
  for (let round = 0; round < 6; round++) {
    const keep = between(0, 2);
    const ms = between(2000, 12_000);
    const restarts = between(0, 1) === 1;
    const synced = keep > 0 && between(0, 1) === 1;
    process.stdout.write(
      `  ${keep} listed for ${ms} ms, synced ${synced}, ${restarts ? 'restart' : 'reload'} in between\n`,
    );
    await recording.gateway.fault('symbols_short', { keep, synced, ms });
    await delay(between(0, ms / 2));
    if (restarts) {
      await collector.kill('SIGKILL');
      collector = await recording.collector();
    }
    // Whoever reads the configuration anew asks for the list anew.
    recording.configure({
      timeframes: timeframes[round % 2 === 0 ? 1 : 0],
      backfill: { ticks: false, deals: false, bars: {} },
    });
    await recording.moreTicks(200);
    await delay(ms);
    await recording.live(collector);
  }
  await recording.moreTicks(400);
  await promiseKept('short lists of symbols', recording);
  const ended = (await streams()).filter(
    ([, stream, timeframe, to]) => to !== null && timeframe !== 'M5' && stream !== null,
  );
  expect(ended).toEqual([]);
  expect(planned.length).toBeGreaterThanOrEqual(6);
}, 600_000);
