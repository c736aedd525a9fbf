// The guard of the clock rule, at random: each run draws what goes wrong within its range.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CRYPTO, DEMO_ACCOUNT, tempDir, until } from '@fxtape/testkit';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { steppedClock } from '../stepped-clock.ts';
import { chance } from './chance.ts';
import { atTheEnd, begin, promiseKept } from './lane.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Numbers and choices of one run. */
function drawn(title: string) {
  const between = chance(title);
  const either = <T>(choices: readonly T[]): T => choices[between(0, choices.length - 1)] as T;
  return { between, either, sign: () => either([-1, 1]) };
}

const log = (dir: string): string => readFileSync(join(dir, 'collector.log'), 'utf8');
const readiness = async (http: string | null): Promise<string> => (await fetch(`${http}/readyz`)).text();
const clockOf = async (http: string | null) => {
  type State = { accounts: { clock: { rule: string | null; confirmed: boolean; delayed: string[] } }[] };
  const { accounts } = (await (await fetch(`${http}/state`)).json()) as State;
  return accounts[0]?.clock;
};

const OPEN_MS = Date.UTC(2026, 5, 21, 21);
const SANE = [10_800, 10_799, 10_860];
const NONSENSE = [-28_982, 7777, 60_000, -129_782, 0.5 * 3600 + 700];

for (const [what, offsets] of [
  ['a sane offset', SANE],
  ['an offset that no clock has', NONSENSE],
] as const)
  test(`weekend: started while the server’s clock stands, with ${what}`, async () => {
    const draw = drawn(`weekend, ${what}`);
    const statedOffsetS = draw.either(offsets);
    const startMs = OPEN_MS - draw.between(60, 120) * SECOND;
    const folder = tempDir('weekend');
    atTheEnd(() => folder.remove());
    const { env } = steppedClock(folder.path, startMs - Date.now());
    const recording = await begin({
      gatewayEnv: env,
      scenario: {
        accounts: [{ id: DEMO_ACCOUNT, freezesWhileShut: true, statedOffsetS }],
        source: {
          kind: 'market',
          ticksPerSecond: 200,
          symbols: ['EURUSD', 'GBPUSD', 'USDJPY'],
          startUtc: new Date(startMs).toISOString(),
        },
      },
    });
    let service = await recording.collector(recording.dataDir, env);
    await until(async () => (await clockOf(service.http))?.rule === 'America/New_York+7h', {
      what: 'a rule to begin with',
      deadlineMs: 60 * SECOND,
      retryErrors: true,
    });
    if (draw.either([true, false])) {
      await delay(draw.between(0, 15) * SECOND);
      await service.kill('SIGKILL');
      service = await recording.collector(recording.dataDir, env);
    }
    await recording.live(service, 240 * SECOND);
    await recording.moreTicks(3000);
    const verdict = await promiseKept(`weekend, ${what}, ${statedOffsetS} s`, recording);
    expect(verdict.stored).toBeGreaterThan(3000);
    expect(await recording.sql('SELECT DISTINCT utc_offset_s FROM ticks')).toEqual([[10_800]]);
    expect(log(recording.dir)).not.toContain('CLOCK_CONFLICT');
  });

test('a delayed symbol and single ticks of any other time: the others go on, and nothing is lost unseen', async () => {
  const draw = drawn('a delayed symbol');
  const symbols = CRYPTO;
  const recording = await begin({
    calm: 'draws its own delays',
    symbols,
    scenario: { source: { kind: 'market', ticksPerSecond: 300, symbols } },
  });
  let service = await recording.collector();
  await recording.live(service);
  const [first, delayed, stray] = symbols as [string, string, string];
  const isHurt = draw.either([true, false]);
  const delayMs = draw.between(15, 90) * MINUTE + draw.between(0, MINUTE);
  process.stdout.write(`  ${delayed} is delayed by ${delayMs / MINUTE} minutes\n`);
  await recording.gateway.fault('other_time', { symbol: delayed, byMs: -delayMs });
  // That it is no single tick shows after some heartbeats.
  await delay(15 * SECOND);
  for (let round = 0; round < 12; round++) {
    const byMs = draw.either([
      draw.between(21 * MINUTE, 48 * HOUR),
      -draw.between(21 * MINUTE, 48 * HOUR),
      -Date.now() + draw.between(0, 20 * 365) * 24 * HOUR,
    ]);
    await recording.gateway.fault('other_time', { symbol: stray, byMs, count: draw.between(1, 5) });
    await delay(draw.between(0, 4 * SECOND));
    const hurt = isHurt ? draw.either(['nothing', 'reset', 'kill'] as const) : 'nothing';
    if (hurt === 'reset') await recording.gateway.fault('reset');
    if (hurt === 'kill') {
      await service.kill('SIGKILL');
      service = await recording.collector();
    }
    await recording.live(service);
  }
  const before = await recording.sql(`SELECT count() FROM ticks WHERE symbol = '${first}'`);
  await recording.moreTicks(1000);
  const after = await recording.sql(`SELECT count() FROM ticks WHERE symbol = '${first}'`);
  expect(Number(after[0]?.[0])).toBeGreaterThan(Number(before[0]?.[0]));
  await promiseKept('a delayed symbol', recording);
  expect(log(recording.dir)).not.toContain('CLOCK_CONFLICT');
});

test('a reboot with a wrong machine clock, which is set a little later: every tick is stored at its time', async () => {
  const draw = drawn('wrong at boot');
  const wrongMs = draw.sign() * draw.between(21 * MINUTE, 5 * HOUR);
  const folder = tempDir('boot');
  atTheEnd(() => folder.remove());
  const { env, stepTo } = steppedClock(folder.path, 0);
  const recording = await begin({ ticksPerSecond: 200 });
  let service = await recording.collector(recording.dataDir, env);
  await recording.live(service);
  await recording.moreTicks(1000);
  await service.kill('SIGKILL');
  stepTo(wrongMs);
  service = await recording.collector(recording.dataDir, env);
  await delay(draw.between(5, 40) * SECOND);
  stepTo(0);
  process.stdout.write(`  the clock was wrong by ${wrongMs / MINUTE} minutes\n`);
  await recording.live(service, 120 * SECOND);
  await recording.moreTicks(1000);
  await promiseKept('wrong at boot', recording);
  expect(await recording.sql('SELECT count() FROM rejected')).toEqual([[0]]);
});

test('the server’s clock is wrong for a while, and its gateway does not notice: the stretch is set aside, the rest is whole', async () => {
  const draw = drawn('server clock');
  const recording = await begin({ ticksPerSecond: 200 });
  const service = await recording.collector();
  await recording.live(service);
  await recording.moreTicks(1000);
  const now = await (
    await fetch(`${recording.gateway.url}/mt5/${DEMO_ACCOUNT}/ServerTimezone`, {
      headers: { authorization: 'Bearer fxs_ro_demo' },
    })
  ).text();
  const rule = draw.either(['Asia/Tokyo', 'UTC-7h', 'America/New_York+6h', 'Asia/Kolkata']);
  const ms = draw.between(25, 60) * SECOND;
  await recording.gateway.fault('rest', {
    path: '/ServerTimezone',
    status: 200,
    body: now,
    ms: ms + 90 * SECOND,
  });
  await recording.gateway.command('clock', { rule });
  await until(async () => (await readiness(service.http)).includes('clock_conflict'), {
    what: 'the state clock_conflict',
    deadlineMs: 60 * SECOND,
  });
  await delay(ms);
  await recording.gateway.command('clock', { rule: 'America/New_York+7h' });
  await recording.live(service, 180 * SECOND);
  await recording.moreTicks(1000);
  await promiseKept(`server clock, ${rule} for ${ms / SECOND} s`, recording);
  const aside = await recording.sql(
    "SELECT count_distinct(symbol) FROM gaps WHERE cause = 'rejected' AND stream = 'ticks'",
  );
  expect(aside).toEqual([[CRYPTO.length]]);
  expect(log(recording.dir)).toContain('CLOCK_SET_ASIDE');
});

test('a server time that stands for ever: ticks of now are the clock, through kills and a wrong tick', async () => {
  const draw = drawn('frozen');
  const recording = await begin({ ticksPerSecond: 200 });
  await recording.gateway.fault('freeze_server_time');
  let service = await recording.collector();
  await recording.moreTicks(1000);
  for (let round = 0; round < 3; round++) {
    const byMs = draw.sign() * draw.between(21 * MINUTE, 10 * HOUR);
    await recording.gateway.fault('other_time', { symbol: draw.either(CRYPTO), byMs, count: 1 });
    await recording.moreTicks(draw.between(200, 1000));
    await service.kill('SIGKILL');
    service = await recording.collector();
    await recording.moreTicks(200);
  }
  // Only a clock that moves can end a gap and prove a stream live.
  await recording.gateway.command('release', { kind: 'freeze_server_time' });
  await recording.live(service);
  await recording.moreTicks(200);
  await promiseKept('frozen', recording);
  expect(log(recording.dir)).not.toContain('CLOCK_CONFLICT');
});

for (const [season, startUtc, endUtc] of [
  ['autumn', '2026-10-22T12:00:00.000Z', '2026-11-03T12:00:00.000Z'],
  ['spring', '2026-03-05T12:00:00.000Z', '2026-03-31T12:00:00.000Z'],
] as const)
  test(`replayed from a cold start across a switch, ${season}: nothing is sent before the rule is inferred`, async () => {
    const draw = drawn(`replayed, ${season}`);
    const clockRule = draw.either(['America/New_York+7h', 'Europe/Athens']);
    const recording = await begin({
      redis: true,
      clock: '{ rule: auto, replayed: true }',
      backfill: { bars: { H1: '730d' }, ticks: false, deals: false },
      symbols: ['EURUSD', 'XAUUSD', ...CRYPTO],
      scenario: {
        accounts: [{ id: DEMO_ACCOUNT, clockRule }],
        heartbeatMs: 100,
        source: {
          kind: 'market',
          ticksPerSecond: 0.1,
          symbols: ['EURUSD', 'XAUUSD', ...CRYPTO],
          startUtc,
          // It is over within eight minutes.
          speed: draw.between(Math.ceil((Date.parse(endUtc) - Date.parse(startUtc)) / (480 * SECOND)), 7200),
        },
        history: { days: 820 },
      },
    });
    const collector = await recording.collector();
    await delay(draw.between(0, 30) * SECOND);
    expect(await recording.count().catch(() => 0)).toBe(0);
    await until(async () => (await readiness(collector.http)).includes('clock_unconfirmed'), {
      what: 'the state clock_unconfirmed',
      deadlineMs: 60 * SECOND,
    });
    expect(await recording.count().catch(() => 0)).toBe(0);
    const planning = [await recording.scheduler(), await recording.backfill()];
    const reached = async (): Promise<boolean> => {
      const rows = await recording.sql('SELECT cast(max(ts) as long) FROM ticks');
      return Number(rows[0]?.[0]) >= Date.parse(endUtc) * 1000;
    };
    await until(reached, { what: endUtc, deadlineMs: 720 * SECOND, everyMs: 500, retryErrors: true });
    for (const service of planning) await service.stop();
    await promiseKept(`replayed, ${season}, ${clockRule}`, recording);
  });
