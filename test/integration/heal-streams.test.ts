// Gaps of the other streams: bars and deals are read again from history, figures that were only streamed have none; and the broker's day
// against what was recorded of it.
import { until } from '@fxtape/testkit';
import { afterEach, expect, it } from 'vitest';
import { HealRig, Kept, RULE } from './heal-rig.ts';
import { ownQuestDb } from '../own-servers.ts';

const MINUTE = 60_000_000;
let rig: HealRig;
afterEach(async () => {
  await rig?.close();
});

async function start(startUtc: string, scenario: object = {}, timing: object = {}): Promise<number> {
  rig = await HealRig.start(
    ownQuestDb().conf,
    {
      seed: 5,
      source: { kind: 'market', ticksPerSecond: 6, speed: 240, startUtc, symbols: ['EURUSD', 'BTCUSD'] },
      ...scenario,
    },
    { agreeMs: 600, shortestMs: 600, ...timing },
  );
  return Date.parse(startUtc) * 1000;
}

async function makeUntil(us: number): Promise<void> {
  await until(() => (rig.made('BTCUSD').at(-1)?.utcMs ?? 0) * 1000 >= us, {
    what: 'ticks',
    deadlineMs: 30_000,
  });
  await rig.sim.pause();
  rig.sim.setClock({ speed: 1 });
}

it('bars of a gap are the broker’s, to the end of the last one that it touches', async () => {
  const startUs = await start('2026-06-10T12:00:00Z');
  await makeUntil(startUs + 12 * MINUTE);
  const gap = { fromUs: startUs - 30.5 * MINUTE, toUs: startUs + 4.5 * MINUTE };
  const id = await rig.open({ ...gap, stream: 'bars', symbol: 'EURUSD', timeframe: 'M1' });
  expect(await rig.heal(id)).toMatchObject({ note: { state: 'healed' } });
  const whole = { fromUs: startUs - 31 * MINUTE, toUs: startUs + 5 * MINUTE };
  const bars = await rig.reader.bars({ feed: rig.feed, symbol: 'EURUSD', timeframe: 'M1' }, whole);
  const truth = [
    ...rig.sim.truthBars({
      symbol: 'EURUSD',
      timeframe: 'M1',
      fromUtcMs: whole.fromUs / 1000,
      toUtcMs: whole.toUs / 1000,
    }),
  ];
  expect(bars.map(({ ts, open, close }) => [ts / 1000, open, close])).toEqual(
    truth.map(({ utcMs, open, close }) => [utcMs, open, close]),
  );
  expect((await rig.gap(id)).rows_healed).toBe(36);
});

it('a gap in which no bar ended has lost none', async () => {
  const startUs = await start('2026-06-10T12:00:00Z');
  await makeUntil(startUs + 3 * MINUTE);
  const gap = { fromUs: startUs - 30 * MINUTE, toUs: startUs };
  const id = await rig.open({ ...gap, stream: 'bars', symbol: 'EURUSD', timeframe: 'D1' });
  expect(await rig.heal(id)).toMatchObject({ note: { state: 'verified_empty', reason: 'no_bar_ended' } });
});

it('a gap of all symbols ends when every one has', async () => {
  const startUs = await start('2026-06-10T12:00:00Z');
  await makeUntil(startUs + 3 * MINUTE);
  const gap = { fromUs: startUs - 90 * MINUTE, toUs: startUs - 30 * MINUTE };
  const id = await rig.open({ ...gap, stream: 'bars', timeframe: 'M1' });
  expect(await rig.heal(id)).toMatchObject({ note: { state: 'healed', reason: 'by_symbol' } });
  for (const symbol of ['EURUSD', 'BTCUSD'])
    expect(await rig.reader.bars({ feed: rig.feed, symbol, timeframe: 'M1' }, gap)).toHaveLength(60);
  expect((await rig.gap(id)).rows_healed).toBe(120);
});

it('deals of a gap are the broker’s; streamed figures have no history', async () => {
  const startUs = await start('2026-06-10T12:00:00Z', { history: { trader: { dealsPerDay: 40, days: 5 } } });
  await makeUntil(startUs + 5 * MINUTE);
  const gap = { fromUs: startUs - 1440 * MINUTE, toUs: startUs };
  const deals = await rig.open({ ...gap, stream: 'deals' });
  expect(await rig.heal(deals)).toMatchObject({ note: { state: 'healed', reason: 'history_read' } });
  const truth = (await rig.sim.truthDeals()).filter(
    ({ utcMs }) => Number(utcMs) * 1000 >= gap.fromUs && Number(utcMs) * 1000 < gap.toUs,
  );
  expect(truth.length).toBeGreaterThan(5);
  const stored = await rig.trades.between('deals', rig.account, gap);
  expect(stored.map(({ id }) => id).toSorted()).toEqual(
    truth.map((deal) => String(deal['ticket'])).toSorted(),
  );
  const figures = await rig.open({ ...gap, stream: 'account' });
  expect(await rig.heal(figures)).toMatchObject({ note: { state: 'unrecoverable', reason: 'no_history' } });
});

it('a broker’s day with a shortfall that nobody saw becomes a gap, is healed, and the day is good', async () => {
  // The broker's midnight is 17:00 in New York, 21:00 UTC in summer.
  const timing = { loadMs: 600_000 };
  const startUs = await start('2026-06-10T20:40:00Z', { history: { quoteTicks: 'full' } }, timing);
  const day = {
    fromUs: Date.parse('2026-06-09T21:00:00Z') * 1000,
    toUs: Date.parse('2026-06-10T21:00:00Z') * 1000,
  };
  await makeUntil(day.toUs + 6 * MINUTE);
  const whole = { fromUs: startUs, toUs: day.toUs + 6 * MINUTE };
  const lost = { fromUs: startUs + 7 * MINUTE, toUs: startUs + 9 * MINUTE };
  await rig.open({ fromUs: day.fromUs, toUs: startUs, stream: 'ticks', symbol: 'EURUSD' });
  const kept = rig
    .made('EURUSD', whole)
    .filter(({ utcMs }) => utcMs * 1000 < lost.fromUs || utcMs * 1000 >= lost.toUs);
  await rig.record('EURUSD', { ...whole, toUs: whole.fromUs }, []);
  const key = { account: rig.account, feed: rig.feed, symbol: 'EURUSD', stream: 'ticks', timeframe: null };
  await rig.write({
    ticks: kept.map((line) => rig.tick(line, 'live')),
    coverage: [
      {
        ts: whole.fromUs,
        ...key,
        range_id: 'live',
        ts_to: whole.toUs,
        source: 'live',
        rows: 1,
        rule_id: RULE,
      },
    ],
  });
  const payload = { account: rig.account, feed: rig.feed, symbol: 'EURUSD', ...day };
  expect(await rig.run('daily_quality', payload, { runs: 2 })).toBeNull();
  const gaps = await rig.gapsReader.gaps({ account: rig.account, stream: 'ticks' });
  const under = gaps.filter(({ cause }) => cause === 'undercount');
  expect(under).toHaveLength(1);
  expect(under[0]).toMatchObject({ ts_from: lost.fromUs, ts_to: lost.toUs, state: 'open' });
  expect(await rig.heal(under[0]?.gap_id as string)).toMatchObject({ note: { state: 'healed' } });
  expect(await rig.stored('EURUSD', whole)).toEqual(rig.truth('EURUSD', whole));
  const before = gaps.find(({ cause }) => cause === 'process_down');
  // Before its start the broker has bars and no ticks: a terminal may still be loading, until its clock has gone on for a while.
  const checkpoint = new Kept();
  const heal = () => rig.heal(before?.gap_id as string, { runs: 2, checkpoint });
  expect(await heal()).toBeNull();
  rig.sim.setClock({ speed: 240 });
  rig.sim.resume();
  const ended = await until(heal, { what: 'the end of the gap', deadlineMs: 60_000, everyMs: 500 });
  expect(ended).toMatchObject({ note: { state: 'unrecoverable' } });
  const done = await rig.run('daily_quality', payload);
  expect(done).toMatchObject({ note: { condition: 'degraded', undercounts: 0 } });
});
