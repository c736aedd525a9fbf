// Each thing that a gateway's history does wrong, and the tables exact all the same, or short and saying so.
import { until } from '@fxtape/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BackfillRig, DAY, HOUR, START } from './backfill-rig.ts';
import { ownQuestDb } from '../own-servers.ts';

let rig: BackfillRig;
beforeAll(async () => {
  rig = await BackfillRig.start({
    conf: ownQuestDb().conf,
    scenario: { history: { days: 60, trader: { dealsPerDay: 40, days: 50 } } },
  });
});
afterAll(() => rig.close());

const RANGE = { fromUs: START - 4 * DAY, toUs: START - HOUR };
const iso = (us: number): string => new Date(us / 1000).toISOString();

/** Another account on the same gateway, for which everything is the first time. */
const fresh = (): Promise<BackfillRig> =>
  BackfillRig.start({ conf: ownQuestDb().conf, simulator: rig.simulator });

/** As a worker does: transient errors are tried again, and a wait that the gateway asked for is waited. */
async function patiently(run: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await run();
      return;
    } catch (error) {
      if ((error as { kind?: unknown }).kind !== 'transient' || attempt === 60) throw error;
    }
  }
}

async function closesOf(of: BackfillRig): Promise<unknown[]> {
  return (await of.rows('bars', 'cast(ts as long) us, close, tick_volume')).map(Object.values);
}

async function trueCloses(toUs = RANGE.toUs): Promise<unknown[]> {
  const bars = await rig.control.truthBars({
    symbol: 'EURUSD',
    timeframe: 'M1',
    from: iso(RANGE.fromUs),
    to: iso(toUs),
  });
  return bars.map((bar) => [String(bar.utcMs * 1000), bar.close, String(bar.tickVolume)]);
}

const FAULTS: [string, string, object][] = [
  ['answers cut at 700 rows, the newest missing', 'history_cap', { rows: 700, cut: 'newest' }],
  ['answers cut at 700 rows, the oldest missing', 'history_cap', { rows: 700, cut: 'oldest' }],
  ['answers cut at 1,234 rows', 'history_cap', { rows: 1234, cut: 'newest' }],
  ['a series that is still loading its oldest part', 'history_growing', { missing: 'oldest' }],
  ['a series that is still loading its newest part', 'history_growing', { missing: 'newest' }],
  ['each range loaded when it is asked for', 'history_growing', { missing: 'oldest', each: 'range' }],
  ['time-outs above 500 bars', 'history_timeout_above', { bars: 500 }],
  ['a series that fails at first', 'history_not_ready', { asks: 2, each: 'series' }],
  ['failures now and then', 'history_not_ready', { chance: 0.3 }],
  ['a terminal that restarts', 'history_busy', { chance: 0.3 }],
  ['429 with Retry-After', 'history_busy', { status: 429, retryAfterS: 0, chance: 0.3 }],
  ['a proxy that answers HTML', 'history_html', { chance: 0.2 }],
  ['answers that break off', 'history_reset', { chance: 0.2 }],
];

test.each(FAULTS)('%s: every bar, once', async (_what, kind, parameters) => {
  const expected = await trueCloses();
  const of = await fresh();
  const { id } = await of.control.fault(kind, { path: '/PriceHistory', ...parameters });
  await patiently(() => of.bars(RANGE));
  await of.control.command('release', { id });
  expect(await closesOf(of)).toEqual(expected);
  expect(await of.count('bar_revisions')).toBe(expected.length);
  expect(await of.covered('bars', 'EURUSD', 'M1')).toEqual([RANGE]);
  await of.close({ simulator: false });
});

test.each([
  ['history_cap', { rows: 150, cut: 'newest' }],
  ['history_cap', { rows: 150, cut: 'oldest' }],
  ['history_growing', { missing: 'oldest' }],
  ['history_timeout_above', { hours: 30 }],
  ['history_busy', { chance: 0.4 }],
])('deals under %s %o: every deal, once', async (kind, parameters) => {
  const of = await fresh();
  const { id } = await of.control.fault(kind, { path: '/OrderHistory', ...parameters });
  const fromUs = START - 40 * DAY;
  await patiently(() => of.deals(fromUs, RANGE.toUs));
  await of.control.command('release', { id });
  const deals = await of.control.truthDeals();
  const tickets = deals.filter(({ utcMs }) => utcMs * 1000 >= fromUs && utcMs * 1000 < RANGE.toUs);
  const stored = (await of.rows('deals', 'deal_id', 'deal_id')).map((row) => Number(row['deal_id']));
  expect(stored).toEqual(tickets.map(({ ticket }) => ticket).toSorted((a, b) => a - b));
  expect(await of.covered('deals')).toEqual([{ fromUs, toUs: RANGE.toUs }]);
  await of.close({ simulator: false });
});

test('newest bars that are not there yet are never claimed, and come when they are there', async () => {
  const of = await fresh();
  const { id } = await of.control.fault('history_unsynced', { minutes: 90 });
  const range = { fromUs: START - DAY, toUs: START - HOUR / 4 };
  await of.bars(range);
  const [covered] = await of.covered('bars', 'EURUSD', 'M1');
  expect(covered?.toUs).toBeLessThan(START - 80 * 60_000_000);
  expect(covered?.toUs).toBeGreaterThan(START - 95 * 60_000_000);
  await of.control.command('release', { id });
  await of.bars({ ...range, fromUs: covered?.toUs ?? 0 });
  expect(await of.covered('bars', 'EURUSD', 'M1')).toEqual([range]);
  await of.close({ simulator: false });
});

test('a history that is not loaded at the first look is not taken for one that begins later', async () => {
  const of = await fresh();
  const { id } = await of.control.fault('rest', {
    path: '/PriceHistory',
    status: 200,
    body: '[]',
    ms: 600_000,
  });
  const range = { fromUs: RANGE.fromUs, toUs: START - 2 * DAY };
  const job = of.bars(range);
  const looked = (): boolean => of.asked.some((kind) => kind.includes('beginning'));
  await until(looked, { what: 'the look for older bars', deadlineMs: 20_000 });
  await of.control.command('release', { id });
  await job;
  expect(await closesOf(of)).toEqual(await trueCloses(range.toUs));
  expect(await of.covered('bars', 'EURUSD', 'M1')).toEqual([range]);
  expect(await of.count('history_limits')).toBe(0);
  await of.close({ simulator: false });
});

test('a bar that the broker changes and changes back has three versions, and each moment its own', async () => {
  const of = await fresh();
  const us = START - 5 * HOUR;
  const range = { fromUs: START - 6 * HOUR, toUs: START - 4 * HOUR };
  const utc = iso(us);
  const moments: number[] = [];
  const read = async (): Promise<void> => {
    await of.bars(range);
    moments.push(of.parts.clock.nowUs());
  };
  await read();
  const [{ close: a } = { close: null }] = await of.rows(
    'bars',
    'close',
    'ts',
    `ts = cast(${us} as timestamp)`,
  );
  const changed = Number(a) + 0.0042;
  await of.control.command('revise', { symbol: 'EURUSD', utc, change: { close: changed, high: changed } });
  await read();
  await of.control.command('revise', { symbol: 'EURUSD', utc, change: null });
  await read();
  const where = `ts = cast(${us} as timestamp)`;
  const versions = await of.rows('bar_revisions', 'close, cast(ts_seen as long) seen', 'ts_seen', where);
  const b = versions[1]?.['close'];
  expect(versions.map((version) => version['close'])).toEqual([a, b, a]);
  expect(b).not.toBe(a);
  const known = await Promise.all(
    moments.map(async (at) => {
      const asOf = `${where} AND ts_seen <= cast(${at} as timestamp)`;
      return (await of.rows('bar_revisions', 'close', 'ts_seen DESC LIMIT 1', asOf))[0]?.['close'];
    }),
  );
  expect(known).toEqual([a, b, a]);
  expect(await of.rows('bars', 'close', 'ts', where)).toEqual([{ close: a }]);
  await of.close({ simulator: false });
});
