// A recorder that was started with the wrong rule by hand, and one beside it that was right from the start: the same market, the same trades,
// the same history. The rule is corrected and the tables with it, while the stream goes on and the correction is killed again and again.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CRYPTO, type Recording, runFxtape, startFxtape, until } from '@fxtape/testkit';
import { expect, test } from 'vitest';
import {
  compareClaims,
  compareGaps,
  compareRows,
  COMPARED_TABLES,
  type Difference,
  NOT_COMPARED,
  recordedByBoth,
} from './equal-recorders.ts';
import { correctUnderKills } from './kills.ts';
import { begin } from './lane.ts';

const RIGHT = 'America/New_York+7h';
/** Between the switches of the Union and of New York the two differ by an hour. */
const WRONG = 'Europe/Athens';
/** What is corrected to on the way, so that there is always something to correct. */
const OTHER = 'UTC+9h';
const START = '2026-10-28T12:00:00.000Z';
const LATE = { name: 'late', id: '0f9c2d4e-6a1b-4c3d-8e5f-7a9b0c1d2e3f', server: 'Late-Demo' };
const EARLY = { name: 'early', id: '1f9c2d4e-6a1b-4c3d-8e5f-7a9b0c1d2e3f', server: 'Early-Demo' };
const KILLS = 10;
const STEPS = /^(filling|pausing|paused|checking|writing|swapping|away|swapped)\b/;

const configure = (recording: Recording, lateRule: string): void => {
  const accounts = [LATE, EARLY].map(({ id, name }) => {
    const rule = name === LATE.name ? lateRule : RIGHT;
    return `  - { id: ${id}, name: ${name}, key: FXSOCKET_API_KEY, market_data: { feed: ${name}, symbols: ["*"] }, account_data: [deals, positions, account], clock: { rule: "${rule}", replayed: true } }`;
  });
  const defaults =
    'defaults: { timeframes: [M1], backfill: { bars: { M1: 3d, H1: 60d, D1: all }, ticks: false, deals: all } }';
  writeFileSync(join(recording.dir, 'fxtape.yaml'), ['accounts:', ...accounts, defaults, ''].join('\n'));
};

test('clock-apply: a wrong rule by hand, corrected under load, killed ten times', async () => {
  const recording = await begin({
    calm: 'two recorders have to see the same',
    redis: true,
    scenario: {
      accounts: [
        { id: LATE.id, server: LATE.server, clockRule: RIGHT },
        { id: EARLY.id, server: EARLY.server, clockRule: RIGHT, tradesLike: LATE.id },
      ],
      source: { kind: 'market', ticksPerSecond: 200, symbols: CRYPTO, startUtc: START },
      history: { days: 90, trader: { dealsPerDay: 3, days: 60 } },
      trader: { dealsPerHour: 1200 },
    },
  });
  const sql = (query: string) => recording.sql(query);
  configure(recording, WRONG);
  const env = {
    FXTAPE_CONFIG: join(recording.dir, 'fxtape.yaml'),
    FXSOCKET_BASE_URL: recording.gateway.url,
    FXSOCKET_API_KEY: 'fxs_ro_demo',
    QDB_CLIENT_CONF: recording.questdb.conf,
    REDIS_URL: recording.redis.url,
  };
  let collector = await recording.collector();
  const killCollector = async (): Promise<void> => {
    await collector.kill('SIGKILL');
    collector = await recording.collector();
    await recording.live(collector);
  };
  await recording.scheduler();
  await recording.backfill();
  await recording.live(collector);
  const claimedDays = async (feed: string): Promise<number> =>
    Number(
      (
        await sql(
          `SELECT sum(cast(ts_to as long) - cast(ts as long)) / 86400000000 FROM coverage WHERE feed = '${feed}' AND source = 'history' AND timeframe = 'H1' AND symbol = 'BTCUSD'`,
        )
      )[0]?.[0],
    );
  for (const { name } of [LATE, EARLY])
    await until(async () => (await claimedDays(name)) > 58, {
      what: `the history of ${name}`,
      deadlineMs: 240_000,
      everyMs: 500,
      retryErrors: true,
    });
  await recording.moreTicks(2000);
  // An outage that the wrong rule has read.
  await killCollector();
  await recording.moreTicks(2000);
  const offsets = (feed: string) =>
    sql(`SELECT DISTINCT utc_offset_s FROM ticks WHERE feed = '${feed}' ORDER BY 1`);
  expect([await offsets(LATE.name), await offsets(EARLY.name)]).toEqual([[[7200]], [[10_800]]]);

  configure(recording, RIGHT);
  await recording.moreTicks(1000);
  const options = { dataDir: recording.dataDir, env };
  const dry = await runFxtape(['clock', 'apply', '--dry-run'], options);
  expect(dry.stdout).toMatch(/ticks +\d+ +\d+ +0 +-1 h/);
  const hits = await correctUnderKills({
    rules: [OTHER, RIGHT],
    kills: KILLS,
    steps: STEPS,
    start: () => startFxtape(['clock', 'apply'], options),
    choose: async (rule) => {
      configure(recording, rule);
      await recording.moreTicks(500);
    },
    isUnfinished: async () => {
      const [newest] = await sql('SELECT step FROM clock_applies ORDER BY ts DESC LIMIT 1');
      return newest?.[0] === 'begun' || newest?.[0] === 'paused';
    },
  });
  expect(hits).toBeGreaterThanOrEqual(KILLS);
  await recording.live(collector);
  await recording.moreTicks(2000);
  // What is on the tape from before says the same now as the tables do.
  await killCollector();
  const [[markUs]] = (await sql('SELECT max(cast(ts_recv as long)) FROM ticks')) as [[number]];
  // Some whole minutes without an outage: only they end with a bar in both.
  const minutes = async (): Promise<boolean> => {
    const ended = await sql(
      `SELECT feed, count() FROM bar_events WHERE cast(ts_recv as long) > ${markUs} GROUP BY feed`,
    );
    return ended.length === 2 && ended.every(([, count]) => Number(count) >= 3 * CRYPTO.length);
  };
  await until(minutes, { what: 'minutes that both saw end', deadlineMs: 400_000, retryErrors: true });
  await collector.stop();
  await recording.settle(300_000);

  const pair = { recording, late: LATE.name, early: EARLY.name, startUs: Date.parse(START) * 1000 };
  const shared = await recordedByBoth(pair);
  expect(await offsets(LATE.name)).toEqual([[10_800]]);
  const differs = ({ early, late }: Difference): boolean => early.length + late.length > 0;
  // What the rules before had not read, or had left out, is planned and read within minutes; so are positions that were closed last.
  let found: Difference[] = [];
  const compareAll = async (): Promise<Difference[]> => {
    const rows: Difference[] = [];
    for (const table of COMPARED_TABLES) rows.push(await compareRows(pair, table, shared));
    return [...rows, ...(await compareClaims(pair, shared)), await compareGaps(pair, shared)];
  };
  await until(
    async () => {
      found = await compareAll();
      return !found.some(differs);
    },
    { what: 'tables that are equal', deadlineMs: 600_000, everyMs: 2000, retryErrors: true },
  ).catch((error: unknown) => {
    const few = found.filter(differs).map((each) => ({
      ...each,
      late: each.late.slice(0, 5),
      early: each.early.slice(0, 5),
    }));
    throw new Error(`${String(error)}\n${JSON.stringify(few, null, 1)}`, { cause: error });
  });
  for (const { rows, table } of found) process.stdout.write(`  ${table}: ${rows} equal\n`);
  expect(found.filter(({ rows }) => rows === 0)).toEqual([]);
  for (const [table, why] of Object.entries(NOT_COMPARED)) {
    process.stdout.write(`  ${table} is not compared: ${why}\n`);
    if (why.startsWith('empty')) expect(await recording.count(table), table).toBe(0);
  }
  expect(await sql(`SELECT DISTINCT rule_id FROM coverage`)).toEqual([[RIGHT]]);
  const dropped = await runFxtape(['clock', 'apply', '--drop-old'], options);
  expect(dropped.stdout).toContain('dropped');
  const again = await runFxtape(['clock', 'apply'], options);
  expect(again.output).toContain('CLOCK_APPLY_NOTHING');
}, 1_800_000);
