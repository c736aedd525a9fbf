// SIGKILL at any moment: in the middle of a batch, while it starts, while it subscribes.
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { chance } from './chance.ts';
import { begin, closeGaps, promiseKept } from './lane.ts';

test('kill-collector: 20 times under 2,000 ticks/s', async () => {
  const between = chance('kill-collector');
  const recording = await begin({ ticksPerSecond: 2000 });
  for (let round = 0; round < 20; round++) {
    const service = await recording.collector();
    await recording.live(service);
    await recording.moreTicks(between(8000, 16_000));
    await service.kill('SIGKILL');
  }
  await recording.live(await recording.collector());
  const verdict = await promiseKept('20 kills', recording);
  closeGaps(verdict);
  expect(verdict.gaps.some((gap) => gap.cause === 'process_down' && gap.missing > 0)).toBe(true);
});

test('kill-collector-while-it-starts: at any moment from start to live', async () => {
  const between = chance('kill-collector-while-it-starts');
  const recording = await begin({ ticksPerSecond: 500 });
  const first = await recording.collector();
  await recording.live(first);
  await recording.moreTicks(500);
  await first.kill('SIGKILL');
  for (let round = 0; round < 10; round++) {
    const service = await recording.collector();
    // The moment itself is what is varied here; nothing is waited for.
    await delay(between(0, 900));
    await service.kill('SIGKILL');
  }
  await recording.live(await recording.collector());
  await recording.moreTicks(500);
  await promiseKept('kills while starting', recording);
});
