// `fxtape backfill --again` from end to end: a broker has corrected bars that are covered. Without it nothing is missing of them; with it the
// range is read once more, and what differs is written, its former version kept.
import { join } from 'node:path';
import { judgeBars, drawnLife, Recording, runFxtape, until } from '@fxtape/testkit';
import { afterEach, expect, test } from 'vitest';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const DAY = 86_400_000;
const HOUR = 3_600_000;
const iso = (ms: number): string => new Date(ms).toISOString();

test('a covered range is read again, and what differs is written', async () => {
  const recording = await Recording.start({
    life: drawnLife(),
    redis: true,
    clock: '"America/New_York+7h"',
    symbols: ['BTCUSD'],
    backfill: { bars: { H1: '9d' }, ticks: false, deals: false },
    scenario: {
      source: { kind: 'market', ticksPerSecond: 5, symbols: ['BTCUSD'] },
      history: { days: 12 },
    },
  });
  closers.push(() => recording.close());
  await recording.scheduler();
  await recording.backfill();
  const toMs = Math.floor((Date.now() - 3 * HOUR) / HOUR) * HOUR;
  const of = { symbol: 'BTCUSD', timeframe: 'H1', fromMs: toMs - 8 * DAY, toMs };
  const whole = { expected: 8 * 24, stored: 8 * 24, missing: 0, different: 0, extra: 0 };
  const until8Days = { what: 'eight days of hours', deadlineMs: 150_000, everyMs: 500, retryErrors: true };
  await until(async () => (await judgeBars(recording, of)).missing === 0, until8Days);
  expect(await judgeBars(recording, of)).toMatchObject(whole);

  // Beyond what is re-read by itself every day.
  const corrected = [of.fromMs + 5 * HOUR, of.fromMs + 30 * HOUR];
  for (const utcMs of corrected)
    await recording.gateway.revise({
      symbol: 'BTCUSD',
      timeframe: 'H1',
      utc: iso(utcMs),
      change: { tickVolume: 7, close: 1234.5 },
    });
  expect(await judgeBars(recording, of)).toMatchObject({ ...whole, different: 2 });
  const asked = `backfill --account demo --symbol BTCUSD --timeframe H1 --from ${iso(of.fromMs)} --to ${iso(of.fromMs + 2 * DAY)} --wait`;
  const fxtape = (...more: string[]) =>
    runFxtape([...asked.split(' '), ...more], {
      dataDir: recording.dataDir,
      env: { FXTAPE_CONFIG: join(recording.dir, 'fxtape.yaml'), REDIS_URL: recording.redis.url },
    });
  expect(await fxtape()).toMatchObject({ code: 0, stdout: 'Nothing that you asked for is missing.\n' });
  const again = await fxtape('--again', '--json');
  expect(again.code, again.output).toBe(0);
  expect(JSON.parse(again.stdout)).toMatchObject({ failed: [], interrupted: false, left: 0, rows: 2 });
  expect(await judgeBars(recording, of)).toMatchObject(whole);
  const revisions = await recording.sql(
    `SELECT ms, n FROM (SELECT cast(ts as long) / 1000 ms, count() n FROM bar_revisions WHERE timeframe = 'H1' AND ts < '${iso(toMs)}' GROUP BY ms) WHERE n > 1 ORDER BY ms`,
  );
  expect(revisions).toEqual(corrected.map((ms) => [ms, 2]));
}, 300_000);
