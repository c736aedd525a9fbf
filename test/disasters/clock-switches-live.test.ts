// The broker sets its clock while symbols trade around the clock: an hour back as in autumn, an hour forward as in spring. Drops before, across
// and after it are as tight as ever, and no tick is late because a clock was set.
import { CRYPTO, excess, type GapSight } from '@fxtape/testkit';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { chance } from './chance.ts';
import { begin, promiseKept } from './lane.ts';

const MINUTE = 60_000;
const MOST_HELD_MS = 8000;

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
      const pauseMs = between(11_000, 20_000);
      const leftMs = atMs - Date.now();
      // One of them lies across the switch.
      const isAcross = leftMs > 5000 && leftMs < pauseMs;
      await delay(isAcross ? leftMs - between(0, 1000) : pauseMs);
      const any = (['reset', 'close', 'reset', 'half_open'] as const)[between(0, 3)] ?? 'reset';
      const kind = isAcross ? 'reset' : any;
      const sinceMs = Date.now() - atMs;
      process.stdout.write(`  ${kind} ${Math.round(sinceMs / 1000)} s after the switch\n`);
      await recording.gateway.fault(kind, kind === 'half_open' ? { ms: between(1000, MOST_HELD_MS) } : {});
      await recording.live(service);
    }
    const { gaps } = await promiseKept(`clock set, ${season}`, recording);
    // What a socket that stood still had kept comes late, so that the hole of such a gap may lie anywhere in it. On a busy machine a heartbeat
    // comes late now and then, and a gap ends with the next one.
    // A symbol that comes minutes late is found to be so after an hour: until then its gaps are as much wider.
    const late = await recording.sql(
      `SELECT symbol FROM (SELECT symbol, min(ts_recv - ts) us FROM ticks WHERE source = 'live') WHERE us > 30000000`,
    );
    const prompt = gaps.filter(({ symbol }) => !late.flat().includes(symbol));
    for (const [cause, mostS] of [
      ['disconnect', 5],
      ['stalled', 5 + MOST_HELD_MS / 1000],
    ] as const) {
      const missed = prompt.filter((gap) => gap.missing > 0 && gap.cause === cause);
      const widest = (gap: GapSight): number => {
        const { ends, starts } = excess([gap]);
        return Math.max(...ends, ...starts);
      };
      const wide = missed.filter((gap) => widest(gap) > mostS);
      const told = wide.map((gap) => [Math.round(gap.fromUs / 1000 - atMs), gap.symbol, excess([gap])]);
      process.stdout.write(`  ${cause}: ${wide.length} of ${missed.length} wide ${JSON.stringify(told)}\n`);
      expect(wide.length, cause).toBeLessThanOrEqual(missed.length / 8);
      expect(
        wide.filter((gap) => widest(gap) > mostS + 2),
        cause,
      ).toEqual([]);
    }
    const holes = prompt.filter((gap) => gap.missing > 0 && gap.cause === 'disconnect');
    expect(holes.some(({ fromUs }) => fromUs < atMs * 1000)).toBe(true);
    expect(holes.some(({ fromUs }) => fromUs >= atMs * 1000)).toBe(true);
  });
}
