// The gateway drops frames of its queue, in each of the ways that it can, and says so, or dies before it says so.
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { chance } from './chance.ts';
import { begin, promiseKept } from './lane.ts';

for (const mode of ['drop_newest', 'drop_oldest', 'reset_before_warning']) {
  for (const warning of mode === 'reset_before_warning' ? ['last'] : ['last', 'in_place']) {
    test(`gateway-drops-frames: ${mode}, warning ${warning}`, async () => {
      const between = chance(`gateway-drops-frames, ${mode}, warning ${warning}`);
      const recording = await begin({ ticksPerSecond: 2000 });
      const service = await recording.collector();
      await recording.live(service);
      for (let round = 0; round < 5; round++) {
        await recording.moreTicks(1000);
        const survivors = round % 2 === 0 ? 'delivered' : 'lost';
        const more =
          mode === 'reset_before_warning'
            ? { survivors, policy: round % 3 === 0 ? 'drop_oldest' : 'drop_newest' }
            : { warning };
        const ms = between(300, 4000);
        await recording.gateway.fault('withhold', {
          mode,
          ms,
          queueFrames: between(50, 2000),
          ...more,
        });
        await delay(ms + between(5000, 11_000));
        await recording.live(service);
      }
      const verdict = await promiseKept(`withheld: ${mode}, warning ${warning}`, recording);
      expect(verdict.gaps.some((gap) => gap.missing > 0)).toBe(true);
    });
  }
}

test('gateway-drops-frames: a queue that overflows by itself under a slow recorder', async () => {
  const between = chance('gateway-drops-frames, stopped process');
  const recording = await begin({ ticksPerSecond: 4000 });
  const service = await recording.collector();
  await recording.live(service);
  await recording.moreTicks(1000);
  // The whole process stands still for longer than the queue and the socket's buffers hold.
  for (let round = 0; round < 3; round++) {
    process.kill(service.pid, 'SIGSTOP');
    await delay(between(7000, 15_000));
    process.kill(service.pid, 'SIGCONT');
    await delay(between(0, 4000));
    await recording.live(service);
    await recording.moreTicks(1000);
  }
  await promiseKept('stopped process', recording);
});
