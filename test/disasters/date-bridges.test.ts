// Bridges whose `/QuoteTicks` takes dates only, each with another idea of where a day ends. A collector that was away over the broker's midnight
// is healed from two days of ticks, and no tick of the boundary is lost or doubled.
import { CRYPTO, drawnLife, judgeTicks, until } from '@fxtape/testkit';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { chance } from './chance.ts';
import { begin, historyExact } from './lane.ts';

/** In New York, where this broker's day begins, it is five in the afternoon. */
const MIDNIGHT_MS = Date.UTC(2026, 10, 25, 22);

test.each(['dates_only', 'dates_apart', 'dates_exclusive'])(
  'date-bridges: away over midnight, %s',
  async (quoteTicks) => {
    const between = chance(`date-bridges, ${quoteTicks}`);
    const [beforeMs, afterMs] = [between(3000, 30_000), between(3000, 30_000)];
    process.stdout.write(`  away from ${beforeMs} ms before midnight to ${afterMs} ms after it\n`);
    const recording = await begin({
      // What is dropped beside the outage takes the rows with which history is compared.
      life: { ...drawnLife(), drops: false },
      redis: true,
      clock: '{ rule: "America/New_York+7h", replayed: true }',
      backfill: { bars: { M1: '1d' }, ticks: false, deals: false },
      scenario: {
        source: {
          kind: 'market',
          ticksPerSecond: 300,
          symbols: CRYPTO,
          startUtc: new Date(MIDNIGHT_MS - 180_000).toISOString(),
        },
        history: { days: 4, quoteTicks },
      },
    });
    let collector = await recording.collector();
    await recording.live(collector);
    await recording.scheduler();
    await recording.backfill();
    // Each side of the outage needs live ticks to compare history with.
    await recording.moreTicks(6000);
    const now = async () => Date.parse(String((await recording.gateway.state())['nowUtc']));
    await delay(Math.max(0, MIDNIGHT_MS - beforeMs - (await now())));
    await collector.kill();
    const awayMs = await now();
    expect(awayMs).toBeLessThan(MIDNIGHT_MS);
    await delay(MIDNIGHT_MS + afterMs - awayMs);
    collector = await recording.collector();
    await recording.live(collector);
    await recording.moreTicks(9000);
    await recording.settle();
    const open = async () =>
      recording.sql(
        "SELECT symbol, cause, state, ts_from, ts_to FROM gaps WHERE stream = 'ticks' AND state = 'open'",
      );
    await until(async () => (await open()).length === 0, {
      what: 'all gaps to be healed',
      deadlineMs: 420_000,
      everyMs: 1000,
      retryErrors: true,
    }).catch(() => null);
    expect(await open()).toEqual([]);
    const states = await recording.sql(
      "SELECT cause, state, count(), sum(rows_healed) FROM gaps WHERE stream = 'ticks' GROUP BY cause, state ORDER BY cause, state",
    );
    const asked = (await recording.gateway.requests()).accounts[0]?.routes['/QuoteTicks'];
    process.stdout.write(`  ${JSON.stringify(states)}; /QuoteTicks ${JSON.stringify(asked?.statuses)}\n`);
    expect(states).toContainEqual(['process_down', 'healed', CRYPTO.length, expect.any(Number)]);
    const [[firstUs, lastUs]] = (await recording.sql(
      "SELECT cast(max(first) as long), cast(min(last) as long) FROM (SELECT symbol, min(ts) first, max(ts_to) last FROM coverage WHERE stream = 'ticks' GROUP BY symbol)",
    )) as [[string, string]];
    expect(Number(firstUs) / 1000).toBeLessThan(awayMs);
    // A frame that was left out at the start has nothing before it that history could be held against: its gap says so.
    const lost = await recording.sql(
      "SELECT symbol, cast(ts_from as long), cast(ts_to as long) FROM gaps WHERE stream = 'ticks' AND cause = 'not_subscribed' AND state = 'unrecoverable'",
    );
    expect(lost.every(([, from, to]) => Number(to) - Number(from) < 30_000_000)).toBe(true);
    const ticks = await judgeTicks(recording, {
      fromMs: Number(firstUs) / 1000,
      toMs: Number(lastUs) / 1000,
      outside: lost.map(([symbol, from, to]) => ({
        symbol: String(symbol),
        fromMs: Number(from) / 1000,
        toMs: Number(to) / 1000,
      })),
    });
    historyExact('ticks over midnight', ticks);
  },
);
