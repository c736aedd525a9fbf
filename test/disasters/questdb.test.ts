// The database goes away, stands still, or applies nothing. The tape goes on and everything arrives.
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { until, type Verdict } from '@fxtape/testkit';
import { chance } from './chance.ts';
import { begin, exactGaps, promiseKept } from './lane.ts';

/** About a minute, by chance. */
const aMinute = (title: string): number => chance(title)(20_000, 90_000);

/** Gaps in which ticks are missing, but for the time before the first subscription and what the gateway dropped. */
const lossesOf = (verdict: Verdict) =>
  exactGaps(verdict).filter((gap) => gap.missing > 0 && gap.cause !== 'not_subscribed');

test('questdb-down-for-a-minute: killed and kept down', async () => {
  const recording = await begin({ ticksPerSecond: 2000 });
  const service = await recording.collector();
  await recording.live(service);
  await recording.moreTicks(2000);
  const downMs = aMinute('questdb-down');
  await recording.questdb.kill();
  await until(async () => (await (await fetch(`${service.http}/readyz`)).text()).includes('database_away'), {
    what: 'readiness to say that the database is away',
    deadlineMs: 30_000,
  });
  await delay(downMs);
  await recording.questdb.start();
  await recording.moreTicks(50_000, 120_000);
  const verdict = await promiseKept('QuestDB down for a minute', recording);
  expect(lossesOf(verdict)).toEqual([]);
});

test('questdb-killed-again-and-again: ten times in mid-write', async () => {
  const recording = await begin({ ticksPerSecond: 2000 });
  const service = await recording.collector();
  await recording.live(service);
  const between = chance('questdb-killed-again-and-again');
  for (let round = 0; round < 10; round++) {
    await recording.moreTicks(between(1500, 4500));
    await recording.questdb.kill();
    await recording.questdb.start();
  }
  await recording.moreTicks(2000);
  const verdict = await promiseKept('QuestDB killed ten times', recording);
  expect(lossesOf(verdict)).toEqual([]);
});

test('questdb-frozen-for-a-minute: it takes connections and answers nothing', async () => {
  const recording = await begin({ ticksPerSecond: 1000 });
  const service = await recording.collector();
  await recording.live(service);
  await recording.moreTicks(1000);
  await recording.questdb.freeze();
  await delay(aMinute('questdb-frozen'));
  await recording.questdb.thaw();
  await recording.moreTicks(30_000, 120_000);
  await promiseKept('QuestDB frozen for a minute', recording);
});

test('table-suspended-for-a-minute: rows are answered and not applied; coverage waits', async () => {
  const recording = await begin({
    ticksPerSecond: 1000,
    // Only a server in this mode suspends a table on command.
    questdbSettings: { QDB_DEV_MODE_ENABLED: 'true' },
  });
  const service = await recording.collector();
  await recording.live(service);
  await recording.moreTicks(1000);
  await recording.sql('ALTER TABLE ticks SUSPEND WAL');
  await until(
    async () =>
      (await recording.sql("SELECT count() FROM wal_tables() WHERE name = 'ticks' AND suspended"))[0]?.[0] ===
      1,
    {
      what: 'the table to be suspended',
      deadlineMs: 10_000,
    },
  );
  const before = await recording.count();
  await delay(2000);
  const covered = await recording.sql("SELECT max(cast(ts_to as long)) FROM coverage WHERE stream = 'ticks'");
  await delay(aMinute('table-suspended'));
  const ready = await fetch(`${service.http}/readyz`);
  expect(await recording.count()).toBeLessThanOrEqual(before + 1000);
  // Nothing new is said to be covered while it cannot be known to be there.
  expect(await recording.sql("SELECT max(cast(ts_to as long)) FROM coverage WHERE stream = 'ticks'")).toEqual(
    covered,
  );
  expect([ready.status, await ready.text()]).toEqual([503, expect.stringContaining('ticks')]);
  await recording.sql('ALTER TABLE ticks RESUME WAL');
  await recording.moreTicks(40_000, 120_000);
  const verdict = await promiseKept('table suspended for a minute', recording);
  expect(lossesOf(verdict)).toEqual([]);
});
