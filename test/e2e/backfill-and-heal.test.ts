// The whole recorder with its history: what was before the start is fetched, and an outage of the collector is healed without a command.
import {
  CRYPTO,
  type HistoryVerdict,
  judgeBars,
  judgeDeals,
  judgePositions,
  judgeTicks,
  Recording,
  until,
} from '@fxtape/testkit';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const HOUR = 3_600_000;

const exact = (title: string, verdict: HistoryVerdict): void => {
  const { different, examples, expected, extra, missing, stored } = verdict;
  process.stdout.write(`${title}: ${stored} of ${expected} rows\n`);
  expect({ title, different, examples, extra, missing }).toEqual({
    title,
    different: 0,
    examples: [],
    extra: 0,
    missing: 0,
  });
  expect(expected, title).toBeGreaterThan(0);
};

test('history before the start is complete and exact, and an outage is healed by itself', async () => {
  const recording = await Recording.start({
    redis: true,
    backfill: { bars: { M1: '1d', H1: '2d' }, ticks: false, deals: 'all' },
    scenario: {
      source: { kind: 'market', ticksPerSecond: 300, symbols: CRYPTO },
      history: { days: 4, trader: { dealsPerDay: 50, days: 3 }, quoteTicks: 'full' },
      trader: { dealsPerHour: 1200 },
    },
  });
  closers.push(() => recording.close());
  const begunMs = Date.now();
  let collector = await recording.collector();
  await recording.scheduler();
  await recording.backfill();
  await recording.live(collector);
  await recording.moreTicks(2000);
  // Each side of the outage needs live ticks to compare history with.
  await delay(8000);
  await collector.kill();
  await delay(10_000);
  collector = await recording.collector();
  await recording.live(collector);
  await until(
    async () => {
      const [[healed]] = (await recording.sql(
        "SELECT count() FROM gaps WHERE stream = 'ticks' AND state = 'healed' AND cause = 'process_down'",
      )) as [[number]];
      const [[open]] = (await recording.sql(
        "SELECT count() FROM gaps WHERE state = 'open' AND ts_to IS NOT NULL",
      )) as [[number]];
      return healed >= CRYPTO.length && open === 0;
    },
    { what: 'every gap to be settled', deadlineMs: 150_000, everyMs: 500, retryErrors: true },
  );
  const settledMs = Date.now();
  const fromMs = begunMs - 20 * HOUR;
  const barsEnd = Math.floor(settledMs / 60_000) * 60_000 - 180_000;
  await until(
    async () => {
      const [[reach]] = (await recording.sql(
        "SELECT cast(min(reach) as long) FROM (SELECT symbol, max(ts_to) reach FROM coverage WHERE stream = 'bars' AND timeframe = 'M1' AND source = 'history')",
      )) as [[string | null]];
      const [[deals]] = (await recording.sql(
        "SELECT cast(max(ts_to) as long) FROM coverage WHERE stream = 'deals' AND source = 'history'",
      )) as [[string | null]];
      return Number(reach) / 1000 >= barsEnd && Number(deals) / 1000 >= settledMs;
    },
    { what: 'history to reach the present', deadlineMs: 150_000, everyMs: 500, retryErrors: true },
  );
  const [[firstUs, lastUs]] = (await recording.sql(
    "SELECT cast(min(ts) as long), cast(max(ts_to) as long) FROM coverage WHERE stream = 'ticks'",
  )) as [[string, string]];
  exact(
    'ticks',
    await judgeTicks(recording, {
      fromMs: Number(firstUs) / 1000 + 1000,
      toMs: Number(lastUs) / 1000 - 5000,
    }),
  );
  for (const symbol of CRYPTO) {
    exact(`${symbol} M1`, await judgeBars(recording, { symbol, timeframe: 'M1', fromMs, toMs: barsEnd }));
    exact(
      `${symbol} H1`,
      await judgeBars(recording, {
        symbol,
        timeframe: 'H1',
        fromMs: begunMs - 40 * HOUR,
        toMs: begunMs - HOUR,
      }),
    );
  }
  const toMs = settledMs - 60_000;
  exact('deals', await judgeDeals(recording, { account: 'demo', fromMs: 0, toMs }));
  exact('positions', await judgePositions(recording, { account: 'demo', fromMs: 0, toMs }));
  // The table of gaps tells the story: when, why, and what became of it.
  const gaps = await recording.sql(
    "SELECT stream, state, cause, count(), sum(rows_healed) FROM gaps WHERE cause = 'process_down'",
  );
  process.stdout.write(`${JSON.stringify(gaps)}\n`);
});
