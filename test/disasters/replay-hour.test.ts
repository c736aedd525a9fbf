// A simulated hour, recorded by a real collector and replayed at full speed into a fresh one: its ticks are equal, equal ones of one moment
// included.
import { Recording, until } from '@fxtape/testkit';
import { afterAll, expect, test } from 'vitest';
import { canonicalTicks, Replayed, RULE } from '../integration/replay-rig.ts';

const SPEED = 60;
/** For so long after a subscription, which it repeats while no heartbeat comes, a recorder may leave out equal ticks. */
const SETTLED_MS = 32_000;
const HOUR_US = 3_600_000_000;

let recording: Recording | undefined;
let replayed: Replayed | undefined;
afterAll(async () => {
  await replayed?.close();
  await recording?.close();
});

const newestUs = async (of: Recording): Promise<number> =>
  Number((await of.sql('SELECT cast(max(ts) as long) FROM ticks'))[0]?.[0]);

test('the ticks of a simulated hour are equal', { timeout: 1_200_000 }, async () => {
  recording = await Recording.start({
    scenario: {
      source: {
        kind: 'market',
        ticksPerSecond: 50,
        speed: SPEED,
        startUtc: '2026-06-09T08:00:00Z',
        symbols: ['EURUSD', 'GBPUSD', 'XAUUSD', 'BTCUSD', 'ETHUSD'],
      },
    },
    clock: `{ rule: ${RULE}, replayed: true }`,
  });
  const of = recording;
  const service = await of.collector();
  await of.live(service);
  await new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
  const fromUs = Date.now() * 1000;
  await of.moreTicks(1);
  const beganUs = await newestUs(of);
  await until(async () => (await newestUs(of)) >= beganUs + HOUR_US, {
    what: 'an hour of the market',
    deadlineMs: 600_000,
    everyMs: 500,
  });
  const toUs = Date.now() * 1000;
  await of.settle(300_000);
  await service.stop(30_000);
  replayed = new Replayed(of);
  const iso = (us: number): string => new Date(us / 1000).toISOString();
  const { url } = await replayed.replay(
    '--from',
    iso(fromUs),
    '--to',
    iso(toUs),
    '--speed',
    'max',
    '--start',
    '32s',
  );
  const fresh = await replayed.fresh(String(url));
  expect(await replayed.exited).toMatchObject({ code: 0 });
  expect(replayed.told('ended')).toMatchObject({ complete: true, damaged: 0, connections: 1 });
  const where = `WHERE ts_recv >= cast(${fromUs} as timestamp) AND ts_recv < cast(${toUs} as timestamp)`;
  const original = await canonicalTicks(of, { where });
  expect(original.length).toBeGreaterThan(100_000);
  await fresh.finish(original.length);
  const again = await canonicalTicks(fresh);
  expect(again).toHaveLength(original.length);
  // Row by row: a difference of whole lists this long takes minutes to print.
  for (const [i, row] of original.entries())
    if (JSON.stringify(row) !== JSON.stringify(again[i])) expect(again[i]).toEqual(row);
});
