// Gaps of ticks where past ticks cannot be had: what the broker's bars prove, and what they only estimate.
import { LEFT_OUT, type Range } from '@fxtape/market';
import { until } from '@fxtape/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { HealRig } from './heal-rig.ts';
import { ownQuestDb } from '../own-servers.ts';

const MINUTE = 60_000_000;
const fast = { agreeMs: 600, shortestMs: 600 };
let rig: HealRig;
afterEach(async () => {
  await rig?.close();
});

async function start(startUtc: string, o: { history?: object; timing?: object } = {}): Promise<number> {
  rig = await HealRig.start(
    ownQuestDb().conf,
    {
      seed: 11,
      source: { kind: 'market', ticksPerSecond: 6, speed: 240, startUtc, symbols: ['EURUSD', 'BTCUSD'] },
      history: o.history ?? {},
    },
    { ...fast, ...o.timing },
  );
  return Date.parse(startUtc) * 1000;
}

/** The market goes on until it has made a tick of the symbol at or after this moment. */
const makeUntil = (symbol: string, us: number): Promise<true> =>
  until(() => (rig.made(symbol).at(-1)?.utcMs ?? 0) * 1000 >= us, { what: 'ticks', deadlineMs: 30_000 });

async function standStill(): Promise<void> {
  await rig.sim.pause();
  rig.sim.setClock({ speed: 1 });
}

describe('without past ticks', () => {
  it('is unrecoverable, with an estimate of what is missing', async () => {
    const startUs = await start('2026-06-10T12:00:00Z');
    const whole = { fromUs: startUs, toUs: startUs + 14 * MINUTE };
    await makeUntil('EURUSD', whole.toUs);
    await standStill();
    const gap = { fromUs: startUs + 5.4 * MINUTE, toUs: startUs + 7.7 * MINUTE };
    const [id] = await rig.record('EURUSD', whole, [gap]);
    const truth = rig.made('EURUSD', gap).length;
    expect(await rig.heal(id as string)).toMatchObject({
      note: { state: 'unrecoverable', reason: 'no_past_ticks' },
    });
    const { missing_estimate: estimate, evidence } = await rig.gap(id as string);
    expect(Math.abs((estimate ?? 0) - truth) / truth).toBeLessThan(0.2);
    expect(JSON.parse(evidence ?? '')).toMatchObject({ ticks: 'no_quote_ticks', opened: 'closed with 1006' });
    expect(await rig.stored('EURUSD', gap)).toEqual([]);
  });

  it('keeps the number that the recorder counted, whatever the minute lacks', async () => {
    const startUs = await start('2026-06-10T12:00:00Z');
    const whole = { fromUs: startUs, toUs: startUs + 14 * MINUTE };
    await makeUntil('EURUSD', whole.toUs);
    await standStill();
    // Two gaps of one minute: a long one, and one of a single frame that was left out.
    const long = { fromUs: startUs + 5 * MINUTE, toUs: startUs + 5.8 * MINUTE };
    await rig.record('EURUSD', whole, [long]);
    const one = { fromUs: startUs + 5.9 * MINUTE, toUs: startUs + 5.9 * MINUTE + 1000 };
    const [id] = await rig.record('EURUSD', { fromUs: one.fromUs, toUs: whole.toUs }, [one], {
      missing_estimate: 1,
      evidence: LEFT_OUT,
    });
    expect(await rig.heal(id as string)).toMatchObject({ note: { state: 'unrecoverable' } });
    expect((await rig.gap(id as string)).missing_estimate).toBe(1);
  });

  it('is verified empty where the broker counted no more than is stored', async () => {
    const startUs = await start('2026-06-10T12:00:00Z');
    const whole = { fromUs: startUs, toUs: startUs + 14 * MINUTE };
    await makeUntil('EURUSD', whole.toUs);
    await standStill();
    const gap = { fromUs: startUs + 5.4 * MINUTE, toUs: startUs + 7.7 * MINUTE };
    const [id] = await rig.record('EURUSD', whole, [gap]);
    await rig.write({ ticks: rig.made('EURUSD', gap).map((line) => rig.tick(line, 'live')) });
    const done = await rig.heal(id as string);
    expect(done).toMatchObject({ note: { state: 'verified_empty', reason: 'count_reached' } });
  });

  it('waits for bars after the gap, and ends without an estimate when there never are any', async () => {
    const startUs = await start('2026-06-10T12:00:00Z');
    const whole = { fromUs: startUs, toUs: startUs + 6 * MINUTE };
    await makeUntil('EURUSD', whole.toUs);
    await standStill();
    // To the end of the minute of the last tick: there is no bar beyond.
    const last = (rig.made('EURUSD').at(-1)?.utcMs ?? 0) * 1000;
    const gap = { fromUs: startUs + 5 * MINUTE, toUs: last - (last % MINUTE) + MINUTE };
    const [id] = await rig.record('EURUSD', { ...whole, toUs: gap.toUs }, [gap]);
    expect(await rig.heal(id as string, { runs: 8 })).toBeNull();
    expect((await rig.gap(id as string)).state).toBe('open');
    rig.sim.setClock({ utcMs: startUs / 1000 + 100 * 3_600_000 });
    expect(await rig.heal(id as string)).toMatchObject({
      note: { state: 'unrecoverable', reason: 'history_not_ready' },
    });
    expect((await rig.gap(id as string)).missing_estimate).toBeNull();
  });
});

describe('a terminal that is behind on an open market', () => {
  it('is never taken for an empty market', async () => {
    const startUs = await start('2026-06-10T12:00:00Z', { history: { quoteTicks: 'full' } });
    const whole = { fromUs: startUs, toUs: startUs + 20 * MINUTE };
    await makeUntil('EURUSD', whole.toUs);
    await standStill();
    const gap = { fromUs: startUs + 12 * MINUTE, toUs: startUs + 14 * MINUTE };
    const [id] = await rig.record('EURUSD', whole, [gap]);
    const unsynced = rig.sim.fault({ kind: 'history_unsynced', minutes: 15 });
    expect(await rig.heal(id as string, { runs: 6 })).toBeNull();
    // Without past ticks, too.
    const off = rig.sim.fault({ kind: 'rest', path: '/QuoteTicks', status: 404 });
    rig.restart();
    expect(await rig.heal(id as string, { runs: 6 })).toBeNull();
    expect((await rig.gap(id as string)).state).toBe('open');
    rig.sim.release({ id: unsynced.id });
    rig.sim.release({ id: off.id });
    rig.restart();
    expect(await rig.heal(id as string)).toMatchObject({ note: { state: 'healed' } });
    expect(await rig.stored('EURUSD', whole)).toEqual(rig.truth('EURUSD', whole));
  });
});

describe.each([
  ['past ticks', { quoteTicks: 'full' }, 'history_has_none'],
  ['bars', {}, 'no_bars'],
] as const)('a weekend, by %s', (_name, history, reason) => {
  it('is verified empty, and not before the market is open again', async () => {
    // Friday 17:00 in New York is 21:00 UTC in summer.
    const startUs = await start('2026-06-12T20:45:00Z', { history });
    const closeUs = startUs + 15 * MINUTE;
    const openUs = closeUs + 48 * 60 * MINUTE;
    await makeUntil('BTCUSD', closeUs + MINUTE);
    const gap: Range = { fromUs: closeUs + 600 * MINUTE, toUs: closeUs + 700 * MINUTE };
    const early = { fromUs: startUs, toUs: gap.toUs + 60 * MINUTE };
    rig.sim.setClock({ utcMs: early.toUs / 1000 });
    const [id] = await rig.record('EURUSD', early, [gap]);
    expect(await rig.heal(id as string, { runs: 6 })).toBeNull();
    expect((await rig.gap(id as string)).state).toBe('open');
    rig.sim.setClock({ utcMs: openUs / 1000 - 60_000 });
    await makeUntil('EURUSD', openUs + 8 * MINUTE);
    await standStill();
    await rig.record('EURUSD', { fromUs: startUs, toUs: openUs + 8 * MINUTE }, [gap]);
    expect(await rig.heal(id as string)).toMatchObject({
      rows: 0,
      note: { state: 'verified_empty', reason },
    });
  });
});

describe('a market that is known to be shut', () => {
  it('is not asked before it opens, its gap stays open until bars prove it, and then says what sessions say', async () => {
    const startUs = await start('2026-06-12T20:45:00Z');
    rig.replayed = false;
    const closeUs = startUs + 15 * MINUTE;
    const openUs = closeUs + 48 * 60 * MINUTE;
    const marketIs = (us: number): void => {
      rig.skewMs = us / 1000 - Date.now();
    };
    await rig.write({
      trading_sessions: [
        {
          ts: startUs - 7 * 24 * 60 * MINUTE,
          feed: rig.feed,
          symbol: 'EURUSD',
          kind: 'week',
          ts_decided: startUs,
          // Friday ends at midnight of the broker's clock; Monday begins with it, at the open.
          windows: '{"MONDAY":[["00:00","24:00"]],"FRIDAY":[["00:00","24:00"]],"SATURDAY":[],"SUNDAY":[]}',
          condition: 'stated',
        },
      ],
    });
    await makeUntil('BTCUSD', closeUs + MINUTE);
    const gap: Range = { fromUs: closeUs + 600 * MINUTE, toUs: closeUs + 700 * MINUTE };
    const early = { fromUs: startUs, toUs: gap.toUs + 60 * MINUTE };
    rig.sim.setClock({ utcMs: early.toUs / 1000 });
    const [id] = await rig.record('EURUSD', early, [gap]);
    marketIs(early.toUs);
    const before = rig.skewMs;
    expect(await rig.heal(id as string, { runs: 6 })).toBeNull();
    // An hour each, in which nothing is asked.
    expect(rig.skewMs - before).toBe(6 * 3_600_000);
    expect((await rig.gap(id as string)).state).toBe('open');
    rig.sim.setClock({ utcMs: openUs / 1000 - 60_000 });
    await makeUntil('EURUSD', openUs + 8 * MINUTE);
    await standStill();
    await rig.record('EURUSD', { fromUs: startUs, toUs: openUs + 8 * MINUTE }, [gap]);
    marketIs(openUs + 9 * MINUTE);
    expect(await rig.heal(id as string)).toMatchObject({
      rows: 0,
      note: { state: 'verified_empty', reason: 'no_bars' },
    });
    const { evidence } = await rig.gap(id as string);
    expect(JSON.parse(evidence ?? '')).toMatchObject({ detail: 'proved', session: 'shut' });
  });
});
