// Every kind of trouble that a request can meet, each at one in twenty of all requests, for as long as the backfill takes: it is complete and
// exact in the end, and asks little more than what went wrong.
import { judgeBars, judgeDeals, judgePositions, until } from '@fxtape/testkit';
import { expect, test } from 'vitest';
import { chance } from './chance.ts';
import { unclaimedSeconds } from './claims.ts';
import { begin, historyExact } from './lane.ts';

const DAY = 86_400_000;
const SYMBOLS = ['EURUSD', 'BTCUSD', 'ETHUSD'];

test('random-faults: every kind at 5 %, complete and exact with few requests', async () => {
  const between = chance('random-faults');
  const seed = between(1, 1_000_000);
  const recording = await begin({
    calm: 'counts requests for each row',
    redis: true,
    symbols: SYMBOLS,
    backfill: { bars: { M1: '30d' }, ticks: false, deals: '30d' },
    scenario: {
      source: { kind: 'market', ticksPerSecond: 5, symbols: SYMBOLS },
      history: { days: 60, trader: { dealsPerDay: 20, days: 50 } },
    },
  });
  await recording.gateway.fault('random_faults', { rate: 0.05, slowMs: 3000, seed });
  const toMs = Math.floor(Date.now() / 60_000) * 60_000 - 600_000;
  const fromMs = toMs - 29 * DAY;
  const wanted = [
    ...SYMBOLS.map((symbol) => ({ stream: 'bars', symbol, fromMs, toMs })),
    ...['deals', 'positions'].map((stream) => ({ stream, fromMs, toMs })),
  ];
  const begunMs = performance.now();
  await recording.scheduler();
  await recording.backfill();
  const asked = async () => (await recording.gateway.requests()).accounts[0]?.routes ?? {};
  await until(async () => (await unclaimedSeconds(recording, wanted)) === 0, {
    what: 'the history to be covered',
    deadlineMs: 700_000,
    everyMs: 500,
    retryErrors: true,
  }).catch(async (error: unknown) => {
    const left = await unclaimedSeconds(recording, wanted);
    throw new Error(`${left} s are not covered; asked: ${JSON.stringify(await asked())}`, { cause: error });
  });
  const routes = await asked();
  const bars = routes['/PriceHistory']?.count ?? 0;
  const [[rows]] = (await recording.sql('SELECT count() FROM bars')) as [[number]];
  const told = Object.entries(routes).map(
    ([route, { count, statuses }]) => `${route} ${count} ${JSON.stringify(statuses)}`,
  );
  process.stdout.write(
    `  covered after ${((performance.now() - begunMs) / 1000).toFixed(0)} s, ${((1000 * bars) / rows).toFixed(2)} requests for 1,000 bars\n  ${told.join('\n  ')}\n`,
  );
  for (const symbol of SYMBOLS)
    historyExact(`${symbol} M1`, await judgeBars(recording, { symbol, timeframe: 'M1', fromMs, toMs }));
  historyExact('deals', await judgeDeals(recording, { account: 'demo', fromMs, toMs }));
  historyExact('positions', await judgePositions(recording, { account: 'demo', fromMs, toMs }));
  expect(bars / rows).toBeLessThan(3 / 1000);
  // The wait for the history has the time that a lane has: what is before and behind it needs some, too.
}, 1_200_000);
