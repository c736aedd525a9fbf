// The broker sets its clock while symbols trade around the clock: an hour back as in autumn, an hour forward as in spring. Drops before, across
// and after it are as tight as ever, and no tick is late because a clock was set.
import { CRYPTO, excess } from '@fxtape/testkit';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { chance } from './chance.ts';
import { begin, promiseKept } from './lane.ts';

const MINUTE = 60_000;

for (const [season, before, after] of [
  ['autumn', 'UTC+3h', 'UTC+2h'],
  ['spring', 'UTC+2h', 'UTC+3h'],
] as const) {
  test(`clock-switches-live: ${season}`, async () => {
    const between = chance(`clock-switches-live, ${season}`);
    // A switch stands at a whole minute; there is time for a few drops before it.
    const atMs = Math.ceil((Date.now() + 75_000) / MINUTE) * MINUTE;
    const rule = `${before} until ${new Date(atMs).toISOString().slice(0, 16)}Z then ${after}`;
    const recording = await begin({
      clock: JSON.stringify(rule),
      scenario: {
        accounts: [{ id: '0f9c2d4e-6a1b-4c3d-8e5f-7a9b0c1d2e3f', clockRule: rule }],
        source: { kind: 'market', ticksPerSecond: 100, symbols: CRYPTO },
      },
    });
    const service = await recording.collector();
    await recording.live(service);
    process.stdout.write(`  ${rule}\n`);
    while (Date.now() < atMs + 150_000) {
      await delay(between(11_000, 20_000));
      const kind = (['reset', 'close', 'half_open'] as const)[between(0, 2)] ?? 'reset';
      const sinceMs = Date.now() - atMs;
      process.stdout.write(`  ${kind} ${Math.round(sinceMs / 1000)} s after the switch\n`);
      await recording.gateway.fault(kind, kind === 'half_open' ? { ms: between(1000, 8000) } : {});
      await recording.live(service);
    }
    const { gaps } = await promiseKept(`clock set, ${season}`, recording);
    const missed = gaps.filter(({ missing }) => missing > 0);
    expect(missed.length).toBeGreaterThan(0);
    const { ends, starts } = excess(missed);
    expect(Math.max(...starts)).toBeLessThanOrEqual(5);
    expect(Math.max(...ends)).toBeLessThanOrEqual(5);
  });
}
