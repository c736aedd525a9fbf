// A recorder that was started with the wrong rule by hand, and one beside it that was right from the start: the same market, the same
// history. The rule is corrected and the tables with it, while the stream goes on and the correction is killed again and again.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CRYPTO, type Recording, runFxtape, startFxtape, until } from '@fxtape/testkit';
import { expect, test } from 'vitest';
import { begin } from './lane.ts';

const RIGHT = 'America/New_York+7h';
/** Between the switches of the Union and of New York the two differ by an hour. */
const WRONG = 'Europe/Athens';
const START = '2026-10-28T12:00:00.000Z';
const ACCOUNTS = [
  { name: 'late', id: '0f9c2d4e-6a1b-4c3d-8e5f-7a9b0c1d2e3f', server: 'Late-Demo' },
  { name: 'early', id: '1f9c2d4e-6a1b-4c3d-8e5f-7a9b0c1d2e3f', server: 'Early-Demo' },
];
const KILLS = 10;

const configure = (recording: Recording, lateRule: string): void => {
  const accounts = ACCOUNTS.map(({ id, name }) => {
    const rule = name === 'late' ? lateRule : RIGHT;
    return `  - { id: ${id}, name: ${name}, key: FXSOCKET_API_KEY, market_data: { feed: ${name}, symbols: ["*"] }, account_data: [deals, positions, account], clock: { rule: "${rule}", replayed: true } }`;
  });
  const defaults =
    'defaults: { timeframes: [M1], backfill: { bars: { M1: 2d, H1: 60d, D1: 60d }, ticks: false, deals: 60d } }';
  writeFileSync(join(recording.dir, 'fxtape.yaml'), ['accounts:', ...accounts, defaults, ''].join('\n'));
};

/** What of a table does not depend on when it was received, from when both recorded to when neither had ended. */
const CANONICAL: Readonly<Record<string, string>> = {
  ticks: 'symbol, ts, bid, ask, last, volume, utc_offset_s, quality',
  bars: 'symbol, timeframe, ts, open, high, low, close, tick_volume, real_volume, spread_points, utc_offset_s',
  bar_revisions:
    'symbol, timeframe, ts, open, high, low, close, tick_volume, real_volume, spread_points, utc_offset_s',
};

test('clock-apply: a wrong rule by hand, corrected under load, killed ten times', async () => {
  const recording = await begin({
    redis: true,
    scenario: {
      accounts: ACCOUNTS.map(({ id, server }) => ({ id, server, clockRule: RIGHT })),
      source: { kind: 'market', ticksPerSecond: 200, symbols: CRYPTO, startUtc: START },
      history: { days: 90, trader: { dealsPerDay: 3, days: 60 } },
    },
  });
  configure(recording, WRONG);
  const env = {
    FXTAPE_CONFIG: join(recording.dir, 'fxtape.yaml'),
    FXSOCKET_BASE_URL: recording.gateway.url,
    FXSOCKET_API_KEY: 'fxs_ro_demo',
    QDB_CLIENT_CONF: recording.questdb.conf,
    REDIS_URL: recording.redis.url,
  };
  let collector = await recording.collector();
  await recording.scheduler();
  await recording.backfill();
  await recording.live(collector);
  const claimedDays = async (feed: string): Promise<number> =>
    Number(
      (
        await recording.sql(
          `SELECT sum(cast(ts_to as long) - cast(ts as long)) / 86400000000 FROM coverage WHERE feed = '${feed}' AND source = 'history' AND timeframe = 'H1' AND symbol = 'BTCUSD'`,
        )
      )[0]?.[0],
    );
  for (const { name } of ACCOUNTS)
    await until(async () => (await claimedDays(name)) > 58, {
      what: `the history of ${name}`,
      deadlineMs: 240_000,
      everyMs: 500,
      retryErrors: true,
    });
  await recording.moreTicks(2000);
  const offsets = (feed: string) =>
    recording.sql(`SELECT DISTINCT utc_offset_s FROM ticks WHERE feed = '${feed}' ORDER BY 1`);
  expect([await offsets('late'), await offsets('early')]).toEqual([[[7200]], [[10_800]]]);

  configure(recording, RIGHT);
  await recording.moreTicks(1000);
  const options = { dataDir: recording.dataDir, env };
  const dry = await runFxtape(['clock', 'apply', '--dry-run'], options);
  expect(dry.stdout).toMatch(/ticks +\d+ +\d+ +0 +-1 h/);
  let done = false;
  for (let kill = 0; kill < KILLS && !done; kill++) {
    const apply = await startFxtape(['clock', 'apply'], options);
    const killAfterMs = 500 + Math.floor(Math.random() * 25_000);
    const ended = await Promise.race([apply.exited, delay(killAfterMs, null)]);
    if (ended === null) await apply.kill('SIGKILL');
    else expect(ended.code, apply.logs).toBe(0);
    done = ended !== null;
    process.stdout.write(
      `  ${done ? 'done' : `killed after ${killAfterMs} ms`}: ${apply.logs.trim().split('\n').at(-1)}\n`,
    );
  }
  if (!done) {
    const last = await runFxtape(['clock', 'apply'], { ...options, deadlineMs: 300_000 });
    expect(last.output).toContain('the old tables stay');
    expect(last.code).toBe(0);
  }
  await recording.live(collector);
  await recording.moreTicks(2000);
  // What is on the tape from before says the same now as the tables do.
  await collector.kill('SIGKILL');
  collector = await recording.collector();
  await recording.live(collector);
  await recording.moreTicks(1000);
  // What the wrong rule had not read yet is planned and read within minutes.
  // Counted over the last hours alone: at the other end the two begin at different minutes.
  const minutes = async (feed: string): Promise<number> =>
    Number(
      (
        await recording.sql(
          `SELECT count() FROM bars WHERE feed = '${feed}' AND timeframe = 'M1' AND ts >= '2026-10-28T06:00' AND ts < '${START}'`,
        )
      )[0]?.[0],
    );
  await until(
    async () => (await minutes('early')) > 0 && (await minutes('late')) === (await minutes('early')),
    {
      what: 'the minutes before the start',
      deadlineMs: 240_000,
      everyMs: 500,
    },
  );
  await collector.stop();
  await recording.settle(300_000);

  const [[from, to]] = (await recording.sql(
    `SELECT max(a) + 3000000, min(b) - 3000000 FROM (SELECT feed, cast(min(ts) as long) a, cast(max(ts) as long) b FROM ticks WHERE source = 'live' GROUP BY feed)`,
  )) as [[number, number]];
  expect(await offsets('late')).toEqual([[10_800]]);
  const outages = (await recording.sql(
    `SELECT DISTINCT cast(ts_from as long), cast(ts_to as long) FROM gaps WHERE stream = 'ticks' AND ts_to > cast(${from} as timestamp) AND ts_from < cast(${to} as timestamp)`,
  )) as [number, number][];
  const whole = outages
    .map(([a, b]) => `AND NOT (ts >= cast(${a} as timestamp) AND ts < cast(${b} as timestamp))`)
    .join(' ');
  // How far back history is asked for is counted from a start that the wrong rule read otherwise.
  const starts = (await recording.sql(
    `SELECT timeframe, max(a) FROM (SELECT feed, timeframe, cast(min(ts) as long) a FROM bars GROUP BY feed, timeframe) GROUP BY timeframe`,
  )) as [string, number][];
  const common = starts
    .map(([name, us]) => `(timeframe = '${name}' AND ts >= cast(${us} as timestamp))`)
    .join(' OR ');
  for (const [table, columns] of Object.entries(CANONICAL)) {
    const within =
      table === 'ticks'
        ? `AND ts >= cast(${from} as timestamp) AND ts < cast(${to} as timestamp) ${whole}`
        : `AND ts < '${START}' AND (${common})`;
    const rows = async (feed: string): Promise<string[]> =>
      (await recording.sql(`SELECT ${columns} FROM ${table} WHERE feed = '${feed}' ${within}`))
        .map((row) => row.join(' '))
        .toSorted();
    const [late, early] = [await rows('late'), await rows('early')];
    expect(early.length, table).toBeGreaterThan(500);
    const only = (one: readonly string[], other: readonly string[]) => {
      const known = new Set(other);
      return one.filter((row) => !known.has(row)).slice(0, 5);
    };
    expect({ late: only(late, early), early: only(early, late) }, table).toEqual({ late: [], early: [] });
    expect(late.length, table).toBe(early.length);
    process.stdout.write(`  ${table}: ${late.length} rows equal\n`);
  }
  expect(await recording.sql(`SELECT DISTINCT rule_id FROM coverage`)).toEqual([[RIGHT]]);
  const dropped = await runFxtape(['clock', 'apply', '--drop-old'], options);
  expect(dropped.stdout).toContain('dropped');
  const again = await runFxtape(['clock', 'apply'], options);
  expect(again.output).toContain('CLOCK_APPLY_NOTHING');
});
