// The promise of record-live.test.ts while collector and database are killed. The long versions and all other disasters are in
// test/disasters.
import { judge, Recording, type RecordingOptions, until } from '@fxtape/testkit';
import { afterEach, expect, test } from 'vitest';

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

test('kill-collector: SIGKILL five times under load loses nothing outside a recorded gap', async () => {
  const recording = await begin({ ticksPerSecond: 1000 });
  for (let round = 0; round < 5; round++) {
    const service = await recording.collector();
    await recording.live(service);
    await recording.moreTicks(500);
    await service.kill('SIGKILL');
  }
  await recording.live(await recording.collector());
  await recording.settle();
  expect(await judge(recording)).toMatchObject(KEPT);
});

test('kill-questdb and dropped sockets: the tape goes on and everything arrives', async () => {
  const recording = await begin({ ticksPerSecond: 1000 });
  const service = await recording.collector();
  await recording.live(service);
  await recording.questdb.kill();
  // Two: a third one within seconds of becoming live would mean a contended account, with slow retries.
  for (let i = 0; i < 2; i++) {
    await recording.gateway.fault('reset');
    // Recording goes on without the database, and readiness says that rows wait for it.
    await until(
      async () => {
        const state = (await (await fetch(`${service.http}/state`)).json()) as {
          accounts: { streams: { phase: string }[] }[];
        };
        return state.accounts[0]?.streams.every(({ phase }) => phase === 'live');
      },
      { what: 'every stream live', deadlineMs: 60_000 },
    );
  }
  await recording.questdb.start();
  await recording.moreTicks(3000);
  await recording.settle();
  expect(await judge(recording)).toMatchObject(KEPT);
});
