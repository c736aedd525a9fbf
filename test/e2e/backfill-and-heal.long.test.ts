// The whole recorder with its history: what was before the start is fetched, and an outage of the collector is healed without a command.
import {
  CRYPTO,
  type HistoryVerdict,
  judgeBars,
  judgeDeals,
  judgePositions,
  judgeTicks,
  Recording,
  runFxtape,
  until,
} from '@fxtape/testkit';
import { join } from 'node:path';
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
  // Each side of the outage needs live ticks to compare history with.
  await recording.moreTicks(4400);
  await collector.kill();
  // How long the collector is away.
  await delay(10_000);
  collector = await recording.collector();
  await recording.live(collector);
  await until(
    async () => {
      const [[healed]] = (await recording.sql(
        "SELECT count() FROM gaps WHERE stream = 'ticks' AND state = 'healed' AND cause = 'process_down'",
      )) as [[number]];
      return healed === CRYPTO.length;
    },
    { what: 'the ticks of the outage to be healed', deadlineMs: 120_000, everyMs: 500, retryErrors: true },
  );
  const barsToMs = Math.floor(begunMs / 60_000) * 60_000;
  const wanted = [...CRYPTO.flatMap((symbol) => [`bars ${symbol} M1`, `bars ${symbol} H1`]), 'deals  '];
  await until(
    async () => {
      const rows = await recording.sql(
        "SELECT stream, symbol, timeframe, cast(max(ts_to) as long) FROM coverage WHERE source = 'history' AND stream IN ('bars', 'deals')",
      );
      const reach = new Map(
        rows.map(([stream, symbol, timeframe, us]) => [
          [stream, symbol, timeframe].join(' '),
          Number(us) / 1000,
        ]),
      );
      return wanted.every(
        (key) => (reach.get(key) ?? 0) >= barsToMs - (key.endsWith('H1') ? 2 * HOUR : 300_000),
      );
    },
    { what: 'history to reach the start', deadlineMs: 120_000, everyMs: 500, retryErrors: true },
  );
  // Ticks like the one right before them are left out while a late snapshot is possible, and come back from history like the others.
  const notHealed = () =>
    recording.sql(
      "SELECT symbol, state, cause, ts_from, ts_to, evidence FROM gaps WHERE stream = 'ticks' AND state != 'healed' AND ts_to IS NOT NULL",
    );
  await until(async () => (await notHealed()).length === 0, {
    what: 'every gap of ticks to be healed',
    deadlineMs: 240_000,
    everyMs: 500,
    retryErrors: true,
  }).catch(async (error) => {
    throw new Error(JSON.stringify(await notHealed(), null, 1), { cause: error });
  });
  const [[firstUs, lastUs]] = (await recording.sql(
    "SELECT cast(max(first) as long), cast(min(last) as long) FROM (SELECT symbol, min(ts) first, max(ts_to) last FROM coverage WHERE stream = 'ticks')",
  )) as [[string, string]];
  const ticks = await judgeTicks(recording, { fromMs: Number(firstUs) / 1000, toMs: Number(lastUs) / 1000 });
  exact('ticks, the outage included', ticks);
  for (const symbol of CRYPTO) {
    const m1 = { symbol, timeframe: 'M1', fromMs: barsToMs - 20 * HOUR, toMs: barsToMs - 300_000 };
    exact(`${symbol} M1`, await judgeBars(recording, m1));
    const h1 = { symbol, timeframe: 'H1', fromMs: barsToMs - 40 * HOUR, toMs: barsToMs - 3 * HOUR };
    exact(`${symbol} H1`, await judgeBars(recording, h1));
  }
  const past = { account: 'demo', fromMs: 0, toMs: barsToMs - 300_000 };
  exact('deals', await judgeDeals(recording, past));
  exact('positions', await judgePositions(recording, past));
  // Crypto alone shows no week, so that the rule is not settled; that history was read with it is said.
  const told = await runFxtape(['clock', '--json'], {
    dataDir: recording.dataDir,
    env: {
      FXTAPE_CONFIG: join(recording.dir, 'fxtape.yaml'),
      FXSOCKET_API_KEY: 'fxs_ro_demo',
      QDB_CLIENT_CONF: recording.questdb.conf,
    },
  });
  const [clock] = (
    JSON.parse(told.stdout) as { accounts: { evidence: { today: object; settles: string[] } }[] }
  ).accounts;
  expect(clock).toMatchObject({ rule: 'America/New_York+7h', evidence: { today: { source: 'ticks' } } });
  expect(clock?.evidence.settles.length).toBeGreaterThan(0);
  // The table of gaps tells the story: when, why, and what became of it.
  const gaps = await recording.sql(
    "SELECT symbol, state, rows_healed, ts_from, ts_to FROM gaps WHERE cause = 'process_down' AND stream = 'ticks'",
  );
  process.stdout.write(`${JSON.stringify(gaps)}\n`);
  for (const [, state, rows] of gaps) {
    expect(state).toBe('healed');
    expect(rows).toBeGreaterThan(500);
  }
}, 600_000);
