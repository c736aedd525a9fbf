// In the middle of a backfill the gateway gives nothing for minutes: the key is refused, the bill is not paid, a proxy is alone at home, nobody
// listens. Afterwards nothing of it shows in Redis and QuestDB but the time that it lasted, and the history is the gateway's truth.
import { JobQueues } from '@fxtape/jobs';
import { createLog } from '@fxtape/ops';
import { DEMO_ACCOUNT_ID } from '@fxtape/simulator';
import { judgeBars, judgeDeals, judgePositions, until } from '@fxtape/testkit';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { chance } from './chance.ts';
import { unclaimedSeconds } from './claims.ts';
import { atTheEnd, begin, historyExact } from './lane.ts';

const DAY = 86_400_000;
/** No hour of it occurs twice: deals in such an hour lie in a gap for good. */
const RULE = 'UTC+2h';
const SYMBOLS = ['EURUSD', 'BTCUSD', 'ETHUSD'];
/** Beside one look every 15 s: what was under way, and what other processes began meanwhile. */
const CALLS_BESIDE = 60;
/** The client asks up to three times where a proxy answers for the gateway; what the gateway itself says is final. */
const triesOf = (how: number | string): number => (how === 502 ? 3 : 1);

test.each([401, 402, 502, 'nobody listens'])('away in the middle of a backfill: %s', async (how) => {
  const between = chance(`away-in-backfill, ${how}`);
  const awayMs = between(45_000, 180_000);
  process.stdout.write(`  away for ${awayMs} ms\n`);
  const recording = await begin({
    redis: true,
    symbols: SYMBOLS,
    clock: `"${RULE}"`,
    backfill: { bars: { M1: '60d' }, ticks: false, deals: '60d' },
    scenario: {
      accounts: [{ id: DEMO_ACCOUNT_ID, clockRule: RULE }],
      source: { kind: 'market', ticksPerSecond: 5, symbols: SYMBOLS },
      history: { days: 90, trader: { dealsPerDay: 20, days: 80 } },
    },
  });
  await recording.gateway.fault('history_slow', { requestMs: 1000 });
  const queues = new JobQueues({
    redisUrl: recording.redis.url,
    log: createLog({ service: 'test', level: 'silent' }),
  });
  atTheEnd(() => queues.close());
  const account = async () => (await queues.report()).accounts.find((one) => one.account === 'demo');
  const toMs = Math.floor(Date.now() / 60_000) * 60_000 - 600_000;
  const fromMs = toMs - 59 * DAY;
  const wanted = [
    ...SYMBOLS.map((symbol) => ({ stream: 'bars', symbol, fromMs, toMs })),
    ...['deals', 'positions'].map((stream) => ({ stream, fromMs, toMs })),
  ];
  const left = () => unclaimedSeconds(recording, wanted);
  await recording.scheduler();
  await recording.backfill();
  await recording.backfill();
  const all = (wanted.length * (toMs - fromMs)) / 1000;
  const patience = { deadlineMs: 400_000, everyMs: 500, retryErrors: true };
  await until(async () => (await left()) < all * 0.8, { what: 'the middle of the backfill', ...patience });

  await recording.gateway.resetRequests();
  if (how === 'nobody listens') await recording.gateway.command('stop-listening', { ms: awayMs });
  else await recording.gateway.fault('gateway_away', { how, ms: awayMs });
  const begunMs = Date.now();
  let deepest = 0;
  // Jobs may all wait for a terminal that still loads: then nobody asks, and nobody knows.
  let metMs = Number.POSITIVE_INFINITY;
  while (Date.now() - begunMs < awayMs - 2000) {
    const at = await account();
    if (at?.away?.endedMs === null) metMs = Math.min(metMs, Date.now());
    // What was answered before the outage may arrive after it was met.
    if (Date.now() - metMs > 20_000) expect(at?.away).toMatchObject({ endedMs: null });
    deepest = Math.max(deepest, (at?.waiting ?? 0) + (at?.active ?? 0) + (at?.delayed ?? 0));
    expect(at?.failed ?? 0, JSON.stringify(at?.failures)).toBe(0);
    await delay(1000);
  }
  // Many of them wait for a minute at most.
  if (awayMs > 90_000) expect(metMs).toBeLessThan(begunMs + 90_000);
  const asked = (await recording.gateway.requests()).accounts[0];
  const requests = Object.values(asked?.routes ?? {}).reduce((sum, { count }) => sum + count, 0);
  expect(await left()).toBeGreaterThan(0);
  await until(async () => (await left()) === 0, { what: 'the history to be covered', ...patience });
  for (const symbol of SYMBOLS)
    historyExact(`${symbol} M1`, await judgeBars(recording, { symbol, timeframe: 'M1', fromMs, toMs }));
  historyExact('deals', await judgeDeals(recording, { account: 'demo', fromMs, toMs }));
  historyExact('positions', await judgePositions(recording, { account: 'demo', fromMs, toMs }));

  const after = await account();
  process.stdout.write(
    `  ${requests} requests meanwhile, at most ${deepest} jobs; away ${((after?.away?.endedMs ?? 0) - (after?.away?.sinceMs ?? 0)) / 1000} s, covered ${((Date.now() - begunMs - awayMs) / 1000).toFixed(0)} s after it\n`,
  );
  expect(requests).toBeLessThan(triesOf(how) * (CALLS_BESIDE + (2 * awayMs) / 15_000));
  expect(deepest).toBeLessThan(300);
  expect(after).toMatchObject({ failed: 0, failures: [] });
  const gaps = await recording.sql("SELECT * FROM gap_events WHERE cause = 'refused'");
  expect(gaps).toEqual([]);
});
