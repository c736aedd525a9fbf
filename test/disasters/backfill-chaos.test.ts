// Thirty days of minutes for five symbols and a year of deals, while everything fails: the gateway in every way that it can, workers
// killed every five seconds, Redis killed twice and emptied once, QuestDB killed once. The result is the gateway's truth, row by row.
import { judgeBars, judgeDeals, judgePositions, type Recording, type Service, until } from '@fxtape/testkit';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { unclaimedSeconds } from './claims.ts';
import { begin, historyExact } from './lane.ts';

const DAY = 86_400_000;
const SYMBOLS = ['EURUSD', 'GBPUSD', 'XAUUSD', 'BTCUSD', 'ETHUSD'];

const start = (): Promise<Recording> =>
  begin({
    redis: true,
    symbols: SYMBOLS,
    backfill: { bars: { M1: '30d' }, ticks: false, deals: 'all' },
    scenario: {
      source: { kind: 'market', ticksPerSecond: 20, symbols: SYMBOLS },
      history: { days: 400, trader: { dealsPerDay: 20, days: 365 } },
    },
  });

const FAULTS: readonly (readonly [string, object])[] = [
  ['history_not_ready', { asks: 2 }],
  ['history_growing', { asks: 3, missing: 'oldest' }],
  ['history_cap', { rows: 2500, cut: 'newest', path: '/PriceHistory' }],
  ['history_timeout_above', { hours: 60, path: '/PriceHistory' }],
  ['history_timeout_above', { rows: 900, path: '/OrderHistory' }],
  ['history_slow', { requestMs: 30 }],
  ['history_busy', { status: 503, everyMs: 9000, forMs: 1500 }],
  ['history_busy', { status: 429, retryAfterS: 1, chance: 0.01 }],
  ['history_html', { chance: 0.03 }],
  ['history_reset', { chance: 0.03 }],
];

const allRight = async (recording: Recording, fromMs: number, toMs: number): Promise<void> => {
  for (const symbol of SYMBOLS)
    historyExact(`${symbol} M1`, await judgeBars(recording, { symbol, timeframe: 'M1', fromMs, toMs }));
  historyExact('deals', await judgeDeals(recording, { account: 'demo', fromMs: 0, toMs }));
  historyExact('positions', await judgePositions(recording, { account: 'demo', fromMs: 0, toMs }));
  // An unchanged bar has one revision.
  const [[bars]] = (await recording.sql('SELECT count() FROM bars')) as [[number]];
  const [[revisions]] = (await recording.sql('SELECT count() FROM bar_revisions')) as [[number]];
  expect(revisions).toBe(bars);
};

for (const killing of [false, true]) {
  test(`backfill-under-all-faults${killing ? ', killed again and again' : ''}: complete and exact`, async () => {
    const recording = await start();
    for (const [kind, parameters] of FAULTS) await recording.gateway.fault(kind, parameters);
    const toMs = Math.floor(Date.now() / 60_000) * 60_000 - 600_000;
    const fromMs = toMs - 29 * DAY;
    const begunMs = performance.now();
    await recording.scheduler();
    let workers: Service[] = [await recording.backfill(), await recording.backfill()];
    let done = false;
    const violence = async (): Promise<void> => {
      for (let round = 1; killing && !done && round <= 24; round++) {
        await delay(5000);
        if (done) return;
        await (workers.shift() as Service).kill();
        workers = [...workers, await recording.backfill()];
        if (round === 3 || round === 7) {
          await recording.redis.kill();
          await delay(2000);
          await recording.redis.start();
        }
        if (round === 5) await recording.redis.empty();
        if (round === 9) {
          await recording.questdb.kill();
          await delay(2000);
          await recording.questdb.start();
        }
      }
    };
    const hurting = violence();
    const firstDealMs = Math.min(...(await recording.gateway.truthDeals()).map((deal) => deal.utcMs));
    const wanted = [
      ...SYMBOLS.map((symbol) => ({ stream: 'bars', symbol, fromMs, toMs })),
      ...['deals', 'positions'].map((stream) => ({ stream, fromMs: firstDealMs, toMs })),
    ];
    await until(async () => (await unclaimedSeconds(recording, wanted)) === 0, {
      what: 'the history to be covered',
      deadlineMs: 600_000,
      everyMs: 1000,
      retryErrors: true,
    });
    done = true;
    await hurting;
    process.stdout.write(`  covered after ${((performance.now() - begunMs) / 1000).toFixed(0)} s\n`);
    await allRight(recording, fromMs, toMs);
    // What was refused on the way is told, with its reason, and is healed by now.
    const gaps = await recording.sql(
      "SELECT cause, state, count() FROM gaps WHERE stream IN ('bars', 'deals', 'positions') AND cause = 'refused'",
    );
    process.stdout.write(`  refused ranges: ${JSON.stringify(gaps)}\n`);
  });
}
