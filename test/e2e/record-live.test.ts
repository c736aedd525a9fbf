// The promise, row by row, in a minute: every tick that the gateway wrote to a socket is in the table exactly once with the right UTC
// time, or it lies inside a recorded gap, of a gateway as gateways are in life. The long versions and all other disasters are in test/disasters.
import {
  drawnLife,
  judge,
  Recording,
  type RecordingOptions,
  report,
  until,
  type Verdict,
} from '@fxtape/testkit';
import { afterEach, expect, test } from 'vitest';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const begin = async (options: RecordingOptions): Promise<Recording> => {
  const recording = await Recording.start({ life: drawnLife(), ...options });
  closers.push(() => recording.close());
  return recording;
};

/** Comes to rest, prints the figures, and asserts the promise. */
const promiseKept = async (title: string, recording: Recording): Promise<Verdict> => {
  await recording.settle();
  const verdict = await judge(recording);
  process.stdout.write(`${report(title, verdict)}\n`);
  expect(verdict).toMatchObject({ missing: 0, unaccounted: 0, doubled: 0, wrong: 0, unclaimedUs: 0 });
  return verdict;
};

/** A terminal that starts is not ready for the first minute. */
const PATIENCE_MS = 400_000;

test(
  'a quiet recording has every tick once and covers what it has',
  async () => {
    const recording = await begin({ ticksPerSecond: 500 });
    const service = await recording.collector();
    await recording.live(service);
    await recording.moreTicks(3000);
    const verdict = await promiseKept('quiet', recording);
    expect(verdict.quotes).toBeLessThanOrEqual(3);
    expect(await recording.sql('SELECT count() FROM gaps WHERE ts_to IS NULL')).toEqual([[0]]);
    const coverage = await recording.sql(
      "SELECT count() FROM coverage WHERE stream = 'ticks' AND ts_to > ts",
    );
    expect(Number(coverage[0]?.[0])).toBeGreaterThan(0);
    expect((await service.stop()).code).toBe(0);
  },
  PATIENCE_MS,
);

test(
  'kill-collector: SIGKILL five times under load loses nothing outside a recorded gap',
  async () => {
    const recording = await begin({ ticksPerSecond: 1000 });
    for (let round = 0; round < 5; round++) {
      const service = await recording.collector();
      await recording.live(service);
      await recording.moreTicks(500);
      await service.kill('SIGKILL');
    }
    await recording.live(await recording.collector());
    await promiseKept('five kills', recording);
  },
  PATIENCE_MS,
);

test(
  'kill-questdb and dropped sockets: the tape goes on and everything arrives',
  async () => {
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
    await promiseKept('QuestDB killed, sockets dropped', recording);
  },
  PATIENCE_MS,
);
