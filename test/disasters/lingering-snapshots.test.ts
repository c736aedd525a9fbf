// A terminal that takes its time: the first frame of a symbol comes up to twenty seconds after the acknowledgement, and states the tick of
// then or the newest. Over reconnects and restarts it must neither double a tick nor hide one.
import { CRYPTO } from '@fxtape/testkit';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { chance } from './chance.ts';
import { begin, promiseKept } from './lane.ts';

for (const [market, ticksPerSecond] of [
  ['quiet', 0.2],
  ['busy', 300],
] as const) {
  test(`lingering-snapshots: ${market} market`, async () => {
    const between = chance(`lingering-snapshots, ${market}`);
    const recording = await begin({
      scenario: {
        seed: between(1, 1_000_000),
        source: { kind: 'market', ticksPerSecond, symbols: CRYPTO },
      },
    });
    let service = await recording.collector();
    await recording.live(service);
    await recording.moreTicks(ticksPerSecond < 1 ? 3 : 1000);
    for (let round = 0; round < 10; round++) {
      const fromMs = between(0, 15_000);
      const toMs = between(fromMs, 20_000);
      const restart = between(0, 2);
      process.stdout.write(
        `  first frames after ${fromMs} to ${toMs} ms, ${['reconnect', 'SIGKILL', 'stopped and started'][restart]}\n`,
      );
      await recording.gateway.command('release', { kind: 'linger_snapshots' });
      await recording.gateway.fault('linger_snapshots', { fromMs, toMs });
      if (restart === 0) await recording.gateway.fault('close', { code: 1001 });
      else {
        await (restart === 1 ? service.kill('SIGKILL') : service.stop());
        service = await recording.collector();
      }
      await recording.live(service);
      // Now and then the next connection begins before all first frames have come.
      await delay(between(11_000, toMs + 12_000));
    }
    const verdict = await promiseKept(`first frames that linger, ${market} market`, recording);
    expect(verdict.stored).toBeGreaterThan(0);
  });
}
