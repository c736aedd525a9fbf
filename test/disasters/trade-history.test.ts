// The history of an account as terminals really tell it: nothing at all for a while after the first start, and then years of it; and under dozens
// of trades a minute deals, closed positions and commissions that come up to two minutes late. In the end the tables are the gateway's
// truth, row by row; on the way every streamed deal is in `deals`, or in an open gap once its time is claimed.
import { DEMO_ACCOUNT, judgeDeals, judgePositions, until } from '@fxtape/testkit';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { chance } from './chance.ts';
import { claimed, unclaimedSeconds } from './claims.ts';
import { atTheEnd, begin, historyExact } from './lane.ts';

const RULE = '"America/New_York+7h"';
/** Shut in the hour that a broker's clock repeats. */
const SYMBOLS = ['EURUSD', 'XAUUSD'];

test('a history that is empty at the first start, then years of deals', async () => {
  const between = chance('trade-history, empty at first');
  const [seed, emptyMs, synced] = [between(1, 1_000_000), between(10_000, 300_000), between(0, 1) === 1];
  process.stdout.write(`  empty for ${emptyMs} ms, ${synced ? 'and said to be ready' : 'not synced'}\n`);
  const recording = await begin({
    redis: true,
    clock: RULE,
    accounts: [{ id: DEMO_ACCOUNT, name: 'demo', feed: null }],
    backfill: { bars: { M1: '1d' }, ticks: false, deals: 'all' },
    scenario: {
      seed,
      source: { kind: 'market', ticksPerSecond: 2, symbols: SYMBOLS },
      history: { days: 1500, trader: { dealsPerDay: 8, days: 1300 } },
    },
  });
  await recording.gateway.fault('history_empty', { synced, ms: emptyMs });
  const begunMs = performance.now();
  await recording.scheduler();
  await recording.backfill();
  const first = Math.min(...(await recording.gateway.truthDeals()).map(({ utcMs }) => utcMs));
  const toMs = Date.now() - 600_000;
  const wanted = ['deals', 'positions'].map((stream) => ({ stream, fromMs: first, toMs }));
  const whole = async (): Promise<boolean> => (await unclaimedSeconds(recording, wanted)) === 0;
  await until(whole, {
    what: 'the history to be covered',
    deadlineMs: emptyMs + 600_000,
    everyMs: 1000,
    retryErrors: true,
  });
  process.stdout.write(`  covered after ${((performance.now() - begunMs) / 1000).toFixed(0)} s\n`);
  historyExact('deals', await judgeDeals(recording, { account: 'demo', fromMs: 0, toMs }));
  historyExact('positions', await judgePositions(recording, { account: 'demo', fromMs: 0, toMs }));
  // Nothing was believed of the time in which there was nothing.
  const limits = await recording.sql('SELECT stream, evidence FROM history_limits');
  expect(limits.filter(([, evidence]) => String(evidence).includes('"rows":"none"'))).toEqual([]);
});

test('dozens of trades a minute whose history comes late', async () => {
  const between = chance('trade-history, late');
  const [seed, rowMs, costMs] = [between(1, 1_000_000), between(0, 120_000), between(0, 120_000)];
  process.stdout.write(`  rows late by up to ${rowMs} ms, commissions by up to ${costMs} ms\n`);
  const recording = await begin({
    redis: true,
    clock: RULE,
    symbols: SYMBOLS,
    backfill: { bars: { M1: '1d' }, ticks: false, deals: '1d' },
    scenario: {
      seed,
      source: { kind: 'market', ticksPerSecond: 20, symbols: ['EURUSD', 'XAUUSD', 'BTCUSD', 'ETHUSD'] },
      trader: { dealsPerHour: 3000 },
    },
  });
  await recording.gateway.fault('history_late', { rowMs, costMs });
  const collector = await recording.collector();
  await recording.scheduler();
  let worker = await recording.backfill();
  await recording.live(collector);
  const fromMs = Date.now() + 2000;
  const toMs = fromMs + 180_000;
  // Killed once in between: what it had in hand is done anew.
  const killing = delay(between(20_000, 170_000)).then(async () => {
    await worker.kill();
    worker = await recording.backfill();
  });
  atTheEnd(() => killing);
  const unaccounted = async (): Promise<string[]> => {
    const iso = (ms: number): string => new Date(ms).toISOString();
    // The plan that finds what arrived after a claim comes once a minute.
    const settledMs = Math.min(toMs, Date.now() - 300_000);
    const streamed = await recording.sql(
      `SELECT deal_id, cast(ts as long) FROM trade_events WHERE ts >= '${iso(fromMs)}' AND ts < '${iso(settledMs)}'`,
    );
    const stored = new Set((await recording.sql('SELECT deal_id FROM deals')).map(([id]) => String(id)));
    const gaps = await recording.sql(
      "SELECT cast(ts_from as long), cast(ts_to as long) FROM gaps WHERE stream = 'deals' AND state = 'open'",
    );
    const claims = await claimed(recording, 'deals');
    const lies = (us: number, [from, to]: readonly unknown[]): boolean =>
      Number(from) <= us && us < Number(to);
    return streamed
      .filter(([id, us]) => !stored.has(String(id)) && !gaps.some((gap) => lies(Number(us), gap)))
      .filter(([, us]) => claims.some((of) => lies(Number(us), [of.fromUs, of.toUs])))
      .map(([id]) => String(id));
  };
  const of = { account: 'demo', fromMs, toMs };
  const exact = async (): Promise<boolean> => {
    expect(await unaccounted()).toEqual([]);
    if (Date.now() < toMs + 60_000) return false;
    const verdicts = [await judgeDeals(recording, of), await judgePositions(recording, of)];
    return verdicts.every(({ different, extra, missing }) => different + extra + missing === 0);
  };
  await until(exact, { what: 'the truth in the tables', deadlineMs: 1_200_000, everyMs: 5000 }).catch(
    () => null,
  );
  historyExact('deals', await judgeDeals(recording, of));
  historyExact('positions', await judgePositions(recording, of));
  const minutes = (toMs - fromMs) / 60_000;
  const [[trades]] = (await recording.sql(
    `SELECT count_distinct(deal_id) FROM trade_events WHERE ts >= '${new Date(fromMs).toISOString()}' AND ts < '${new Date(toMs).toISOString()}'`,
  )) as [[number]];
  expect(Number(trades) / minutes).toBeGreaterThan(24);
  const gaps = await recording.sql(
    "SELECT stream, state, count(), sum(missing_estimate) FROM gaps WHERE cause = 'undercount' AND stream IN ('deals', 'positions')",
  );
  process.stdout.write(`  ${trades} trades streamed; gaps by number: ${JSON.stringify(gaps)}\n`);
});
