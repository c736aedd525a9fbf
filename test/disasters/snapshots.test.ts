// Every subscription is answered with a snapshot of the last tick, in an order that nobody promises. It must neither double a tick nor
// hide one: not on reconnects under load, not over a weekend, not with a new data folder.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { CRYPTO, judge, type Recording, type Service } from '@fxtape/testkit';
import { expect, test } from 'vitest';
import { begin, promiseKept } from './lane.ts';

const ORDERS = ['plain', 'before_live_of_same', 'after_live_of_same', 'overtaken', 'rotate'];

const reconnect = async (recording: Recording, service: Service, ticks: number): Promise<void> => {
  await recording.gateway.fault('close', { code: 1001 });
  if (ticks > 0) await recording.moreTicks(ticks);
  await recording.live(service);
};

for (const ackOrder of ['before_snapshot', 'after_snapshot']) {
  for (const ticksPerSecond of [3, 600]) {
    test(`snapshot-orders: ${ackOrder}, ${ticksPerSecond} ticks/s`, async () => {
      const recording = await begin({
        calm: 'snapshots come in an order of their own',
        scenario: { ackOrder, source: { kind: 'market', ticksPerSecond, symbols: CRYPTO } },
      });
      const service = await recording.collector();
      await recording.live(service);
      for (const order of ORDERS) {
        await recording.gateway.fault('snapshot_order', { order, ack: ackOrder, ms: 600_000 });
        // A close within ten seconds of being live counts as an eviction; the wait keeps it from being the third.
        await reconnect(recording, service, Math.max(6, ticksPerSecond));
        await recording.moreTicks(ticksPerSecond * 11, 30_000);
        await recording.gateway.command('release', { kind: 'snapshot_order' });
      }
      await promiseKept(`${ackOrder} at ${ticksPerSecond}/s`, recording);
    });
  }
}

test('weekend: reconnects and restarts while the market is shut double nothing', async () => {
  const scenario = {
    source: {
      kind: 'market',
      ticksPerSecond: 300,
      symbols: ['EURUSD', 'GBPUSD', 'XAUUSD'],
      // 17:00 in New York is 21:00 UTC in September.
      startUtc: '2026-09-18T20:59:40.000Z',
    },
    snapshotOrder: 'rotate',
  };
  const recording = await begin({
    calm: 'there are twenty seconds before the market shuts',
    clock: '{ rule: "America/New_York+7h", replayed: true }',
    scenario,
  });
  let service = await recording.collector();
  await recording.live(service);
  await recording.moreTicks(1000);
  await recording.gateway.command('clock', { utc: '2026-09-19T12:00:00.000Z' });
  for (let round = 0; round < 2; round++) await reconnect(recording, service, 0);
  await service.kill('SIGKILL');
  service = await recording.collector();
  await recording.live(service);
  const shut = await recording.count();
  await recording.gateway.command('clock', { utc: '2026-09-20T20:59:55.000Z' });
  await recording.moreTicks(1500);
  expect(shut).toBeGreaterThan(0);
  await promiseKept('weekend', recording);
});

test('new-data-folder: a lost tape is a gap, and the snapshot of a known tick is no row', async () => {
  const recording = await begin({ ticksPerSecond: 600 });
  const first = await recording.collector();
  await recording.live(first);
  await recording.moreTicks(6000);
  await first.kill('SIGKILL');
  for (let round = 0; round < 2; round++) {
    const dataDir = join(recording.dir, `data-${round}`);
    mkdirSync(dataDir);
    // The market stands still, so that the snapshot states a tick that the database has, for every symbol.
    if (round === 1) await recording.gateway.command('pause');
    const service = await recording.collector(dataDir);
    await recording.live(service);
    if (round === 1) await recording.gateway.command('resume');
    await recording.moreTicks(6000);
    await service.kill('SIGKILL');
  }
  const dataDir = join(recording.dir, 'data-1');
  await recording.live(await recording.collector(dataDir));
  await promiseKept('new data folders', recording);
  const [[rows, distinct]] = (await recording.sql('SELECT count(), count_distinct(ts_recv) FROM ticks')) as [
    [number, number],
  ];
  expect(distinct).toBe(rows);
});

test('new-data-folder: while the market is shut nothing is doubled', async () => {
  const recording = await begin({ ticksPerSecond: 300 });
  const first = await recording.collector();
  await recording.live(first);
  await recording.moreTicks(1000);
  await recording.settle();
  await first.stop();
  const before = await judge(recording);
  const dataDir = join(recording.dir, 'data-new');
  mkdirSync(dataDir);
  const service = await recording.collector(dataDir);
  await recording.live(service);
  const after = await promiseKept('new data folder, market shut', recording);
  expect(after.stored).toBe(before.stored);
});
