// The gateway throws ticks away for a while, whose heartbeats come on time, and tells how many when it is over.
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { chance } from './chance.ts';
import { begin, promiseKept } from './lane.ts';

for (const ticksPerSecond of [2, 80, 1500]) {
  test(`drop-beside-heartbeats: ${ticksPerSecond} ticks/s`, async () => {
    const between = chance(`drop-beside-heartbeats at ${ticksPerSecond}/s`);
    const recording = await begin({ calm: 'counts what the gateway dropped', ticksPerSecond });
    const service = await recording.collector();
    await recording.live(service);
    await recording.moreTicks(ticksPerSecond * 5);
    for (let round = 0; round < 7; round++) {
      const ms = between(200, 30_000);
      const pauseMs = between(0, 20_000);
      process.stdout.write(`  ${ms} ms of drops, then ${pauseMs} ms without\n`);
      await recording.gateway.fault('drop_ticks', { ms });
      await delay(ms + pauseMs);
    }
    const verdict = await promiseKept(`dropped beside heartbeats, ${ticksPerSecond} ticks/s`, recording);
    const drops = verdict.gaps.filter(({ cause }) => cause === 'server_dropped');
    expect(drops.some((gap) => gap.missing > 0)).toBe(true);
    // What the gateway said is in every gap of the incident; drops that follow each other at once may share one.
    const told = await recording.sql(
      "SELECT sum(n) FROM (SELECT outage_id, max(missing_estimate) n FROM gaps WHERE cause = 'server_dropped' GROUP BY outage_id)",
    );
    const withheld = (await recording.gateway.ledger()).filter((tick) => tick.withheld).length;
    expect(Number(told[0]?.[0])).toBe(withheld);
  });
}
