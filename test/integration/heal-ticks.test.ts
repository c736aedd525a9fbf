// Gaps of ticks where the bridge serves past ticks. Each time: what is in the table afterwards is what the market made, as a multiset of
// broker time and prices, or not one row was added.
import type { Range } from '@fxtape/market';
import { until } from '@fxtape/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { HealRig, Kept, RULE } from './heal-rig.ts';
import { ownQuestDb } from '../own-servers.ts';

const START = Date.UTC(2026, 5, 10, 12) * 1000;
const MINUTE = 60_000_000;
const fast = { agreeMs: 600, shortestMs: 600 };

let rig: HealRig;
afterEach(async () => {
  await rig?.close();
});

/** A market of some virtual minutes with bursts of equal milliseconds, which then stands still but for its clock. */
async function recorded(
  history: object,
  outages: readonly (readonly [number, number])[],
  o: { minutes?: number; symbol?: string } = {},
): Promise<{ whole: Range; outages: Range[]; ids: string[] }> {
  const minutes = o.minutes ?? 12;
  rig = await HealRig.start(
    ownQuestDb().conf,
    {
      seed: 7,
      source: {
        kind: 'market',
        ticksPerSecond: 6,
        speed: 960,
        startUtc: new Date(START / 1000).toISOString(),
        symbols: ['EURUSD', 'BTCUSD'],
      },
      history,
    },
    fast,
  );
  let burst = 0;
  await until(
    () => {
      rig.sim.emit(
        'EURUSD',
        Array.from({ length: 3 }, () => ({ bid: 1.1, ask: 1.1 + (burst++ % 3) / 1e5 })),
      );
      return (rig.made('EURUSD').at(-1)?.utcMs ?? 0) * 1000 > START + minutes * MINUTE;
    },
    { what: 'the minutes of the market', deadlineMs: 30_000, everyMs: 6 },
  );
  await rig.sim.pause();
  rig.sim.setClock({ speed: 1 });
  const at = ([from, to]: readonly [number, number]): Range => ({
    fromUs: START + from * MINUTE,
    toUs: START + to * MINUTE,
  });
  const whole = at([0, minutes]);
  const gaps = outages.map(at);
  const ids = await rig.record(o.symbol ?? 'EURUSD', whole, gaps);
  return { whole, outages: gaps, ids };
}

describe('a gap of ticks', () => {
  it('is healed: the table holds what the market made, ticks of one millisecond included', async () => {
    const { ids, whole, outages } = await recorded({ quoteTicks: 'full' }, [[5, 7]]);
    const inGap = rig.truth('EURUSD', outages[0] as Range);
    expect(inGap.length).toBeGreaterThan(100);
    expect(new Set(inGap).size).toBeLessThan(inGap.length);
    const done = await rig.heal(ids[0] as string);
    expect(done).toMatchObject({ rows: inGap.length, note: { state: 'healed', reason: 'history_agrees' } });
    expect(await rig.stored('EURUSD', whole)).toEqual(rig.truth('EURUSD', whole));
    const gap = await rig.gap(ids[0] as string);
    expect(gap).toMatchObject({ state: 'healed', rows_healed: inGap.length, cause: 'disconnect' });
    expect(JSON.parse(gap.evidence ?? '')).toMatchObject({ opened: 'closed with 1006' });
    const key = { account: rig.account, feed: rig.feed, symbol: 'EURUSD', stream: 'ticks', timeframe: null };
    expect(await rig.reader.coverageOf(key, 'history', whole)).toEqual([outages[0]]);
    // Again, from the beginning: nothing is left to do, and nothing is doubled.
    rig.restart();
    expect(await rig.heal(ids[0] as string)).toMatchObject({ rows: 0 });
    expect(await rig.stored('EURUSD', whole)).toEqual(rig.truth('EURUSD', whole));
  });

  it('waits while it was recorded with another clock rule, whose hours are not those that are asked for', async () => {
    const { ids, whole } = await recorded({ quoteTicks: 'full' }, [[5, 7]]);
    const claims = await rig.http.exec(
      `SELECT cast(ts as long), range_id, cast(ts_to as long) FROM coverage WHERE account = '${rig.account}'`,
    );
    const key = { account: rig.account, feed: rig.feed, symbol: 'EURUSD', stream: 'ticks', timeframe: null };
    const nameRule = (rule_id: string) =>
      rig.write({
        coverage: claims.dataset.map(([ts, id, to]) => ({
          ...key,
          ts: Number(ts),
          ts_to: Number(to),
          range_id: String(id),
          source: 'live',
          rows: 1,
          rule_id,
        })),
      });
    await nameRule('UTC+2h');
    const before = await rig.stored('EURUSD', whole);
    const asked = new Map(rig.asked);
    expect(await rig.heal(ids[0] as string, { runs: 3 })).toBeNull();
    const of = { account: rig.account, feed: rig.feed, symbol: 'EURUSD' };
    expect(await rig.run('daily_quality', { ...of, ...whole }, { runs: 3 })).toBeNull();
    expect(await rig.run('ticks', { ...of, ...whole, gapIds: [], why: 'history' }, { runs: 3 })).toBeNull();
    expect(rig.asked).toEqual(asked);
    expect(await rig.gap(ids[0] as string)).toMatchObject({ state: 'open' });
    expect(await rig.stored('EURUSD', whole)).toEqual(before);
    // Of June this one says the same, and the correction has named the right one.
    for (const rule of ['Europe/Athens', RULE]) {
      await nameRule(rule);
      rig.restart();
      expect(await rig.heal(ids[0] as string)).not.toBeNull();
    }
    expect(await rig.stored('EURUSD', whole)).toEqual(rig.truth('EURUSD', whole));
  });

  it('keeps what stood in it already: late ticks, and the snapshot after it', async () => {
    const { ids, whole, outages } = await recorded({ quoteTicks: 'full' }, [[5, 7]]);
    const some = rig.made('EURUSD', outages[0] as Range).filter((_, i) => i % 7 === 0);
    await rig.write({ ticks: some.map((line, i) => rig.tick(line, i === 0 ? 'snapshot' : 'live')) });
    expect(await rig.heal(ids[0] as string)).toMatchObject({ note: { state: 'healed' } });
    expect(await rig.stored('EURUSD', whole)).toEqual(rig.truth('EURUSD', whole));
  });

  it('is healed over answers that are cut anywhere, in the middle of a millisecond too', async () => {
    const { ids, whole } = await recorded({ quoteTicks: 'full', tickCap: 37 }, [[5, 7]]);
    expect(await rig.heal(ids[0] as string)).toMatchObject({ note: { state: 'healed' } });
    expect(await rig.stored('EURUSD', whole)).toEqual(rig.truth('EURUSD', whole));
  });

  it.each(['dates_apart', 'dates_exclusive'])('is healed from a bridge of kind %s', async (quoteTicks) => {
    const { ids, whole } = await recorded({ quoteTicks }, [[5, 7]]);
    expect(await rig.heal(ids[0] as string)).toMatchObject({ note: { state: 'healed' } });
    expect(await rig.stored('EURUSD', whole)).toEqual(rig.truth('EURUSD', whole));
  });

  it('is not given up for bounds that are refused once', async () => {
    const { ids, whole } = await recorded({ quoteTicks: 'full' }, [[5, 7]]);
    const checkpoint = new Kept();
    expect(await rig.heal(ids[0] as string, { runs: 1, checkpoint })).toBeNull();
    rig.sim.fault({ kind: 'rest', path: '/QuoteTicks', status: 400, body: {}, count: 1 });
    expect(await rig.heal(ids[0] as string, { checkpoint })).toMatchObject({ note: { state: 'healed' } });
    expect(await rig.stored('EURUSD', whole)).toEqual(rig.truth('EURUSD', whole));
  });

  it('is healed with dates only, and one download serves all gaps of the day', async () => {
    const { ids, whole } = await recorded({ quoteTicks: 'dates_only' }, [
      [2, 3],
      [5, 6],
      [8, 9],
    ]);
    const payload = {
      account: rig.account,
      feed: rig.feed,
      symbol: 'EURUSD',
      ...whole,
      gapIds: ids,
      why: 'gap',
    } as const;
    await rig.run('ticks', payload);
    for (const id of ids) expect((await rig.gap(id)).state).toBe('healed');
    expect(await rig.stored('EURUSD', whole)).toEqual(rig.truth('EURUSD', whole));
    const downloads = [...rig.asked].filter(([kind]) => kind.startsWith('/QuoteTicks day'));
    // The download, and the second one that proves that the first was whole.
    expect(downloads.map(([kind, n]) => [kind, n])).toEqual([
      ['/QuoteTicks day read', 1],
      ['/QuoteTicks day agreement', 1],
    ]);
  });

  it('waits for the live rows after it', async () => {
    const { ids, whole } = await recorded({ quoteTicks: 'full' }, []);
    const outage = { fromUs: START + 5 * MINUTE, toUs: START + 7 * MINUTE };
    const early = { fromUs: whole.fromUs, toUs: outage.toUs + 1_000_000 };
    const [id] = await rig.record('EURUSD', early, [outage]);
    expect(ids).toEqual([]);
    expect(await rig.heal(id as string, { runs: 5 })).toBeNull();
    expect((await rig.gap(id as string)).state).toBe('open');
    await rig.record('EURUSD', whole, [outage]);
    expect(await rig.heal(id as string)).toMatchObject({ note: { state: 'healed' } });
    expect(await rig.stored('EURUSD', whole)).toEqual(rig.truth('EURUSD', whole));
  });

  it('is verified empty where a history that agrees has nothing', async () => {
    await recorded({ quoteTicks: 'full' }, []);
    const made = rig.made('EURUSD');
    const quiet = made
      .map((line, i) => ({ fromUs: line.utcMs * 1000 + 1000, toUs: (made[i + 1]?.utcMs ?? 0) * 1000 }))
      .filter(({ fromUs }) => fromUs > START + 4 * MINUTE && fromUs < START + 8 * MINUTE)
      .toSorted((a, b) => b.toUs - b.fromUs - (a.toUs - a.fromUs))[0] as Range;
    const [id] = await rig.record('EURUSD', { fromUs: START, toUs: START + 12 * MINUTE }, [quiet]);
    expect(await rig.heal(id as string)).toMatchObject({
      rows: 0,
      note: { state: 'verified_empty', reason: 'history_has_none' },
    });
  });
});

describe('a worker that dies', () => {
  it('at any step, before or after it was stored, leaves nothing doubled and nothing missing', async () => {
    const { ids, whole } = await recorded({ quoteTicks: 'full' }, [
      [3, 4],
      [6, 7],
      [9, 10],
    ]);
    for (const [i, when] of (['before', 'after', 'after'] as const).entries()) {
      const id = ids[i] as string;
      const gap = await rig.gap(id);
      const payload = {
        account: rig.account,
        gapId: id,
        stream: 'ticks',
        feed: rig.feed,
        symbol: 'EURUSD',
        timeframe: null,
        fromUs: gap.ts_from as number,
        toUs: gap.ts_to as number,
      } as const;
      let checkpoint = new Kept();
      let deaths = 0;
      for (let at = 0; ; at += 1) {
        // The last round also loses what Redis kept.
        if (i === 2) checkpoint = new Kept();
        rig.crash = { at, when };
        rig.restart();
        const died = await rig.run('heal', payload, { checkpoint }).then(
          () => false,
          (error: Error) => error.message === 'killed' || Promise.reject(error),
        );
        if (!died) break;
        deaths += 1;
      }
      rig.crash = null;
      expect(deaths).toBeGreaterThanOrEqual(when === 'before' ? 2 : 1);
      expect((await rig.gap(id)).state).toBe('healed');
    }
    expect(await rig.stored('EURUSD', whole)).toEqual(rig.truth('EURUSD', whole));
  });

  it('and one that was only thought dead write the same rows with the same keys', async () => {
    const { ids, whole } = await recorded({ quoteTicks: 'full' }, [[5, 7]]);
    const id = ids[0] as string;
    await Promise.all([rig.heal(id), (rig.restart(), rig.heal(id)), (rig.restart(), rig.heal(id))]);
    expect((await rig.gap(id)).state).toBe('healed');
    expect(await rig.stored('EURUSD', whole)).toEqual(rig.truth('EURUSD', whole));
  });

  it('is filled once where gaps overlap and two workers are at them', async () => {
    const { ids, whole } = await recorded({ quoteTicks: 'full' }, [[5, 7]]);
    const gaps = [5, 5.2].map((minute) => START + minute * MINUTE);
    const of = { stream: 'ticks', symbol: 'EURUSD', fromUs: gaps[1] as number };
    const other = await rig.open({ ...of, toUs: START + 6.8 * MINUTE });
    // Who has read what its gap lacks waits for the other one to read as well.
    const ticks = rig.reader.ticks.bind(rig.reader);
    const reads = new Map<number, number>();
    const both = Promise.withResolvers<void>();
    let waiting = 0;
    rig.reader.ticks = async (key, range, options) => {
      const rows = await ticks(key, range, options);
      const n = (reads.get(range.fromUs) ?? 0) + 1;
      reads.set(range.fromUs, n);
      if (!gaps.includes(range.fromUs) || options?.limit !== undefined || n !== 2) return rows;
      waiting += 1;
      if (waiting === 2) both.resolve();
      await Promise.race([both.promise, new Promise((resolve) => setTimeout(resolve, 3000))]);
      return rows;
    };
    const first = rig.heal(ids[0] as string);
    rig.restart();
    await Promise.all([first, rig.heal(other)]);
    expect(waiting).toBe(2);
    expect(await rig.stored('EURUSD', whole)).toEqual(rig.truth('EURUSD', whole));
  });
});

describe('a history of another language', () => {
  it.each([
    ['whole seconds', { kind: 'history_whole_seconds' }, 'resolution'],
    ['float noise', { kind: 'history_float_noise' }, 'prices'],
    ['no last and no volume', { kind: 'history_without_last' }, 'last_volume'],
    ['a live tick that it does not know', null, null],
  ] as const)('with %s adds not one row', async (_name, fault, why) => {
    const symbol = 'BTCUSD';
    const { ids, whole } = await recorded({ quoteTicks: 'full' }, [[5, 7]], { symbol });
    if (fault === null) {
      const more = rig.made(symbol).find(({ utcMs }) => utcMs * 1000 > START + 4.5 * MINUTE);
      const row = rig.tick(more as NonNullable<typeof more>, 'live');
      await rig.write({ ticks: [{ ...row, ts_recv: row.ts_recv + 7 }] });
    } else rig.sim.fault({ ...fault, path: '/QuoteTicks' });
    const before = await rig.stored(symbol, whole);
    expect(await rig.heal(ids[0] as string)).toMatchObject({
      rows: 0,
      note: { state: 'unrecoverable', reason: 'history_disagrees' },
    });
    expect(await rig.stored(symbol, whole)).toEqual(before);
    const gap = await rig.gap(ids[0] as string);
    expect(JSON.parse(gap.evidence ?? '')).toMatchObject({ why: why ?? 'history_lacks' });
    expect(gap.missing_estimate).toBeGreaterThan(0);
  });

  it('but with noise below the eighth decimal it is the same', async () => {
    const { ids, whole } = await recorded({ quoteTicks: 'full' }, [[5, 7]]);
    rig.sim.fault({ kind: 'history_float_noise', path: '/QuoteTicks', amount: 1e-9 });
    expect(await rig.heal(ids[0] as string)).toMatchObject({ note: { state: 'healed' } });
    expect((await rig.stored('EURUSD', whole)).length).toBe(rig.truth('EURUSD', whole).length);
  });
});

describe('a terminal that is still loading', () => {
  it.each([
    ['oldest', 'range'],
    ['newest', 'range'],
    ['oldest', 'series'],
    ['newest', 'series'],
  ] as const)(
    'and lacks the %s ticks, by %s, heals the gap when it has all, never earlier',
    async (missing, each) => {
      const { ids, whole } = await recorded({ quoteTicks: 'full' }, [[5, 7]]);
      rig.sim.fault({ kind: 'history_growing', path: '/QuoteTicks', missing, each, asks: 3 });
      expect(await rig.heal(ids[0] as string)).toMatchObject({ note: { state: 'healed' } });
      expect(await rig.stored('EURUSD', whole)).toEqual(rig.truth('EURUSD', whole));
    },
  );

  it('heals with dates only when two downloads agree', async () => {
    const { ids, whole } = await recorded({ quoteTicks: 'dates_only' }, [
      [2, 3],
      [5, 7],
    ]);
    rig.sim.fault({
      kind: 'history_growing',
      path: '/QuoteTicks',
      missing: 'newest',
      each: 'series',
      asks: 3,
    });
    for (const id of ids) expect(await rig.heal(id)).toMatchObject({ note: { state: 'healed' } });
    expect(await rig.stored('EURUSD', whole)).toEqual(rig.truth('EURUSD', whole));
  });

  it('goes on over refusals, resets and time-outs', async () => {
    const { ids, whole } = await recorded({ quoteTicks: 'full' }, [[5, 7]]);
    rig.sim.fault({ kind: 'history_timeout_above', path: '/QuoteTicks', hours: 0.03 });
    rig.sim.fault({ kind: 'history_reset', path: '/QuoteTicks', count: 2 });
    rig.sim.fault({ kind: 'history_not_ready', path: '/QuoteTicks', asks: 2, each: 'series' });
    const checkpoint = new Kept();
    await until(() => rig.heal(ids[0] as string, { checkpoint }), {
      what: 'the gap is healed',
      deadlineMs: 30_000,
      retryErrors: true,
    });
    expect((await rig.gap(ids[0] as string)).state).toBe('healed');
    expect(await rig.stored('EURUSD', whole)).toEqual(rig.truth('EURUSD', whole));
  });
});

describe('the hour that repeats', () => {
  it('is healed, each tick in its fold', async () => {
    // At 06:00 UTC the broker's clock goes back from 09:00 to 08:00: both folds last from 05:00 to 07:00 UTC.
    const startUs = Date.UTC(2026, 10, 1, 4, 40) * 1000;
    rig = await HealRig.start(
      ownQuestDb().conf,
      {
        seed: 3,
        source: {
          kind: 'market',
          ticksPerSecond: 2,
          speed: 1500,
          startUtc: new Date(startUs / 1000).toISOString(),
          symbols: ['BTCUSD'],
        },
        history: { quoteTicks: 'full' },
      },
      fast,
    );
    const whole = { fromUs: startUs, toUs: startUs + 160 * MINUTE };
    await until(() => (rig.made('BTCUSD').at(-1)?.utcMs ?? 0) * 1000 > whole.toUs, {
      what: 'the night',
      deadlineMs: 40_000,
      everyMs: 200,
    });
    await rig.sim.pause();
    rig.sim.setClock({ speed: 1 });
    const outages = [
      [35, 45],
      [75, 85],
      [110, 120],
    ].map(([from, to]) => ({
      fromUs: startUs + (from as number) * MINUTE,
      toUs: startUs + (to as number) * MINUTE,
    }));
    const ids = await rig.record('BTCUSD', whole, outages);
    for (const id of ids) expect(await rig.heal(id)).toMatchObject({ note: { state: 'healed' } });
    const rows = await rig.reader.ticks({ feed: rig.feed, symbol: 'BTCUSD' }, whole);
    expect(rows.map(({ ts }) => ts / 1000)).toEqual(rig.made('BTCUSD', whole).map(({ utcMs }) => utcMs));
    expect(await rig.stored('BTCUSD', whole)).toEqual(rig.truth('BTCUSD', whole));
  });
});
