// The broker's clock: a week with a weekend and a switch of daylight saving, a rule that is wrong, a broker that changes its clock.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CRYPTO, until } from '@fxtape/testkit';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { steppedClock } from '../stepped-clock.ts';
import { begin, promiseKept } from './lane.ts';

const ID = '0f9c2d4e-6a1b-4c3d-8e5f-7a9b0c1d2e3f';

for (const [what, startUtc, clockRule] of [
  ['autumn in New York', '2026-10-29T12:00:00.000Z', 'America/New_York+7h'],
  ['spring in New York', '2026-03-05T12:00:00.000Z', 'America/New_York+7h'],
  ['autumn in Athens', '2026-10-22T12:00:00.000Z', 'Europe/Athens'],
] as const) {
  test(`broker-dst-switch: a week, ${what}`, async () => {
    const recording = await begin({
      calm: 'a minute that a terminal is not ready is five days',
      clock: `{ rule: "${clockRule}", replayed: true }`,
      scenario: {
        accounts: [{ id: ID, clockRule }],
        heartbeatMs: 100,
        source: {
          kind: 'market',
          ticksPerSecond: 0.15,
          symbols: ['EURUSD', 'XAUUSD', 'BTCUSD'],
          startUtc,
          speed: 7200,
        },
      },
    });
    const weekMs = 7 * 86_400_000;
    // The recorder's own zone must not matter.
    const zone = { TZ: 'Australia/Lord_Howe' };
    let service = await recording.collector(recording.dataDir, zone);
    await recording.live(service);
    const reached = async (ms: number): Promise<void> => {
      const goal = (Date.parse(startUtc) + ms) * 1000;
      await until(
        async () => Number((await recording.sql('SELECT cast(max(ts) as long) FROM ticks'))[0]?.[0]) >= goal,
        {
          what: `${ms / 3_600_000} hours`,
          deadlineMs: 300_000,
          everyMs: 200,
          retryErrors: true,
        },
      );
    };
    await reached(weekMs / 2);
    await service.kill('SIGKILL');
    service = await recording.collector(recording.dataDir, zone);
    await reached(weekMs);
    const verdict = await promiseKept(`week, ${what}`, recording);
    const offsets = await recording.sql('SELECT DISTINCT utc_offset_s FROM ticks ORDER BY utc_offset_s');
    expect(offsets).toEqual([[7200], [10_800]]);
    expect(verdict.stored).toBeGreaterThan(60_000);
  });
}

const state = async (http: string | null): Promise<string> => (await fetch(`${http}/readyz`)).text();

test('wrong-rule: the guard stops it, nothing is lost, and the right rule brings every row', async () => {
  const recording = await begin({ calm: 'counts gaps', ticksPerSecond: 500, clock: '"UTC+9h"' });
  let service = await recording.collector();
  await until(async () => (await state(service.http)).includes('clock_conflict'), {
    what: 'the state clock_conflict',
    deadlineMs: 30_000,
  });
  await delay(5000);
  expect(await recording.count()).toBe(0);
  // It survives a restart, and a crash in the middle of the correction.
  await service.kill('SIGKILL');
  service = await recording.collector();
  await until(async () => (await state(service.http)).includes('clock_conflict'), {
    what: 'the state clock_conflict after a restart',
    deadlineMs: 30_000,
  });
  await delay(3000);
  expect(await recording.count()).toBe(0);
  recording.configure({ clock: '"America/New_York+7h"' });
  await recording.live(service);
  await recording.moreTicks(1000);
  const verdict = await promiseKept('wrong rule', recording);
  // All that came during the conflict is there.
  const [[first]] = (await recording.sql('SELECT cast(min(ts_recv) as long) FROM ticks')) as [[number]];
  const tape = readFileSync(join(recording.dir, 'collector.log'), 'utf8');
  expect(tape).toContain('CLOCK_CONFLICT');
  expect(Number(first) / 1000).toBeLessThan(Date.now() - 8000);
  const lasting = verdict.gaps.filter((gap) => gap.missing > 0 && !gap.isOfSingleLines);
  expect(lasting.length).toBeLessThanOrEqual(6);
});

test('broker-changes-its-clock in mid-stream: stopped by the guard, then followed', async () => {
  const recording = await begin({
    calm: 'nothing but the offset that it states tells where it moved',
    ticksPerSecond: 500,
  });
  const service = await recording.collector();
  await recording.live(service);
  await recording.moreTicks(2000);
  await recording.gateway.command('clock', { rule: 'Asia/Tokyo' });
  await delay(4000);
  await recording.live(service);
  await recording.moreTicks(2000);
  await promiseKept('the broker moved its clock', recording);
  expect(await recording.sql('SELECT count_distinct(utc_offset_s) FROM ticks')).toEqual([[2]]);
});

test('lying-timezone: an offset that the ticks contradict is not believed', async () => {
  const recording = await begin({
    calm: 'says itself what the terminal states of its clock',
    scenario: { source: { kind: 'market', ticksPerSecond: 500, symbols: CRYPTO } },
  });
  await recording.gateway.fault('rest', {
    path: '/ServerTimezone',
    status: 200,
    body: JSON.stringify({ serverTime: new Date().toISOString(), utcOffsetSeconds: 0 }),
    ms: 20_000,
  });
  const service = await recording.collector();
  await until(async () => (await state(service.http)).includes('clock_conflict'), {
    what: 'the state clock_conflict',
    deadlineMs: 15_000,
  });
  expect(await recording.count()).toBe(0);
  await recording.live(service);
  await recording.moreTicks(1000);
  await promiseKept('lying time zone', recording);
});

test('stepped-clock: the machine’s clock and the server’s are set in mid-stream; ticks say so, and no figure is negative', async () => {
  const recording = await begin({ calm: 'counts every remark about a clock', ticksPerSecond: 200 });
  const { env, stepTo } = steppedClock(recording.dir, 0);
  const service = await recording.collector(recording.dataDir, env);
  type State = {
    accounts: {
      clock: { skew: { ms: number } | null };
      sender: { lagMs: number | null };
      counters: object;
    }[];
  };
  const account = async () => {
    const { accounts } = (await (await fetch(`${service.http}/state`)).json()) as State;
    return accounts[0] as State['accounts'][number];
  };
  const metrics = async (): Promise<string> => (await fetch(`${service.http}/metrics`)).text();
  const comes = (what: string, check: (now: State['accounts'][number]) => boolean) =>
    until(async () => check(await account()), { what, deadlineMs: 60_000 });
  const skewNear = (ms: number) =>
    comes(`a skew of ${ms} ms`, ({ clock }) => clock.skew !== null && Math.abs(clock.skew.ms - ms) < 1500);
  await recording.live(service);
  await skewNear(0);
  expect(await metrics()).toMatch(/fxtape_clock_skew_seconds\{account="[^"]+"\} /);
  // Forwards by more than the guard allows, and right again.
  stepTo(1_800_000);
  await skewNear(-1_800_000);
  await recording.moreTicks(1000);
  stepTo(0);
  await skewNear(0);
  await recording.moreTicks(1000);
  // The tape is half an hour ahead of the clock: how old its newest line is cannot be known.
  expect((await account()).sender.lagMs).toBeNull();
  expect(await metrics()).not.toMatch(/fxtape_answered_lag_seconds\{/);
  await recording.gateway.command('clock', { utc: new Date(Date.now() + 30_000).toISOString() });
  await comes(
    'a jump of the server’s clock',
    ({ counters }) => 'serverJumps' in counters && counters.serverJumps === 1,
  );
  await recording.moreTicks(2000);
  expect((await account()).counters).toMatchObject({ machineJumps: 2, serverJumps: 1 });
  await promiseKept('clocks that were set', recording);
  const said = await recording.sql('SELECT DISTINCT quality FROM ticks');
  const remarks = new Set(
    said.flatMap(([quality]) => (typeof quality === 'string' ? quality : '').split('+')),
  );
  expect([...remarks].toSorted()).toEqual(['', 'machine_clock', 'server_clock']);
  expect(readFileSync(join(recording.dir, 'collector.log'), 'utf8')).not.toContain('CLOCK_CONFLICT');
});
