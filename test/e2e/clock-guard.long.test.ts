// The guard of the clock rule on the whole path, for what people met: a terminal that is started while its server's clock stands, and exchange
// symbols whose quotes are delayed, with single ticks of a time that cannot be. The random versions are in test/disasters.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CRYPTO,
  DEMO_ACCOUNT,
  judge,
  Recording,
  type RecordingOptions,
  tempDir,
  until,
} from '@fxtape/testkit';
import { afterEach, expect, test } from 'vitest';
import { steppedClock } from '../stepped-clock.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const begin = async (options: RecordingOptions): Promise<Recording> => {
  const recording = await Recording.start(options);
  closers.push(() => recording.close());
  return recording;
};

const KEPT = { missing: 0, unaccounted: 0, doubled: 0, wrong: 0, unclaimedUs: 0 };
const MINUTE = 60_000;
const OPEN_MS = Date.UTC(2026, 5, 21, 21);

test('started while the server’s clock stands on a Sunday, with an offset that no clock has: after the open every tick is stored', async () => {
  const folder = tempDir('weekend');
  closers.push(() => folder.remove());
  const startMs = OPEN_MS - 75_000;
  const { env } = steppedClock(folder.path, startMs - Date.now());
  const recording = await begin({
    gatewayEnv: env,
    scenario: {
      accounts: [{ id: DEMO_ACCOUNT, freezesWhileShut: true, statedOffsetS: -28_982 }],
      source: {
        kind: 'market',
        ticksPerSecond: 100,
        symbols: ['EURUSD', 'GBPUSD'],
        startUtc: new Date(startMs).toISOString(),
      },
    },
  });
  const service = await recording.collector(recording.dataDir, env);
  await until(
    async () => (await (await fetch(`${service.http}/readyz`)).text()).includes('clock_unconfirmed'),
    {
      what: 'rows to wait for a running clock',
      deadlineMs: 60_000,
    },
  );
  await recording.live(service, 150_000);
  await recording.moreTicks(1000);
  await recording.settle();
  expect(await judge(recording)).toMatchObject(KEPT);
  expect(await recording.sql('SELECT DISTINCT utc_offset_s FROM ticks')).toEqual([[10_800]]);
  // What was missed while it stood lies in a gap of each symbol.
  const gaps = await recording.sql(
    "SELECT symbol, cast(min(ts_from) as long), cast(max(ts_to) as long) FROM gaps WHERE stream = 'ticks' GROUP BY symbol",
  );
  expect(gaps).toHaveLength(2);
  for (const [, from, to] of gaps) {
    expect(Number(from)).toBeLessThan((OPEN_MS - 10_000) * 1000);
    expect(Number(to)).toBeGreaterThan(OPEN_MS * 1000);
  }
  expect(readFileSync(join(recording.dir, 'collector.log'), 'utf8')).not.toContain('CLOCK_CONFLICT');
});

test('one symbol is delayed by 25 minutes, another sends ticks of 1970 and of the future: all others go on, and nothing is lost unseen', async () => {
  const recording = await begin({ ticksPerSecond: 300 });
  const service = await recording.collector();
  await recording.live(service);
  const [, delayed, odd] = CRYPTO;
  await recording.gateway.fault('other_time', { symbol: delayed, byMs: -25 * MINUTE });
  await recording.moreTicks(1000);
  for (const byMs of [5 * 60 * MINUTE, -Date.now() + 20 * 24 * 60 * MINUTE]) {
    await recording.gateway.fault('other_time', { symbol: odd, byMs, count: 1 });
    await recording.moreTicks(600);
  }
  await recording.live(service);
  const state = (await (await fetch(`${service.http}/state`)).json()) as {
    accounts: { clock: { delayed: string[] } }[];
  };
  expect(state.accounts[0]?.clock.delayed).toEqual([delayed]);
  await recording.settle();
  expect(await judge(recording)).toMatchObject(KEPT);
  const late = await recording.sql(
    "SELECT symbol, count() FROM ticks WHERE quality = 'late' GROUP BY symbol",
  );
  expect(late).toEqual([[delayed, expect.any(Number)]]);
  const rejected = await recording.sql('SELECT kind, count() FROM rejected GROUP BY kind');
  expect(rejected).toEqual([['tick', 2]]);
  const gaps = await recording.sql("SELECT DISTINCT symbol FROM gaps WHERE cause = 'rejected'");
  expect(gaps).toEqual([[odd]]);
  expect(readFileSync(join(recording.dir, 'collector.log'), 'utf8')).not.toContain('CLOCK_CONFLICT');
});
