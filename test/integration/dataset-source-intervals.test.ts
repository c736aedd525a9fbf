// Bars made from ticks, beside bars that the test makes of the same ticks in its own way: whatever the order of arrival, however many ticks
// share a millisecond, on both clocks, cut into slices anywhere.
import type { Resample, Selection } from '@fxtape/datasets';
import { resampledKind } from '@fxtape/datasets/kinds';
import type { RowInput } from '@fxtape/market/tables';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ownQuestDb } from '../own-servers.ts';
import { chance, DatasetRig, type Plain, selection, shuffled } from './dataset-rig.ts';

type Tick = RowInput<'ticks'>;

const [SECOND, MINUTE, HOUR, DAY] = [1e6, 60e6, 3_600e6, 86_400e6] as const;
/** Europe goes back an hour at 01:00 UTC on 2026-10-25, from UTC+3 to UTC+2 on the broker's clock. */
const SWITCH = Date.UTC(2026, 9, 25, 1) * 1000;
const FROM = Date.UTC(2026, 9, 23) * 1000;
const TO = FROM + 4 * DAY;
const FEED = 'dataset-intervals';
const SYMBOL = 'EURUSD';
const random = chance(7);

const tick = (ts: number, i: number, more: Partial<Tick> = {}): Tick => ({
  ts,
  feed: FEED,
  symbol: SYMBOL,
  // Received in another order than they were made.
  ts_recv: ts + 1 + Math.floor(random() * 5_000) * 1000 + i,
  bid: Math.round((1 + random()) * 1e5) / 1e5,
  ask: Math.round((2 + random()) * 1e5) / 1e5,
  utc_offset_s: ts < SWITCH ? 10_800 : 7200,
  source: 'live',
  ...more,
});

/** Ticks in bursts: many of one millisecond, at the edges of intervals too, and long silences. */
const ticks: Tick[] = [];
for (let ts = FROM - 2 * HOUR; ts < TO + 2 * HOUR; ) {
  const burst = 1 + Math.floor(random() * 4);
  for (let i = 0; i < burst; i++) ticks.push(tick(ts, ticks.length));
  const far = random();
  ts += far < 0.6 ? 1000 * Math.floor(random() * 90_000) : far < 0.98 ? MINUTE - (ts % MINUTE) : 3 * HOUR;
}
const unquoted = [
  tick(FROM + 5 * MINUTE, 1, { bid: 0, quality: 'one_sided' }),
  tick(FROM + 6 * MINUTE, 2, { ask: 0, quality: 'one_sided' }),
];
const all = [...ticks, ...unquoted];

let rig: DatasetRig;
beforeAll(async () => {
  rig = await DatasetRig.open(ownQuestDb().conf);
  await rig.write('ticks', ...shuffled(all, random, 20));
});
afterAll(() => rig?.close());

const of = (resample: Resample, more: Partial<Selection> = {}): Selection =>
  selection({ kind: 'ticks', fromUs: FROM, toUs: TO, feeds: [FEED], resample, ...more });

interface Bar extends Plain {
  readonly ts: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly ticks: number;
}

/** The bars, made by walking over the ticks. */
function barsOf(chosen: Selection): Bar[] {
  const { align, price, widthUs } = chosen.resample as Resample;
  const priceOf = ({ ask, bid }: Tick): number | null => {
    const [b, a] = [bid as number, ask as number];
    if (price === 'bid') return b === 0 ? null : b;
    if (price === 'ask') return a === 0 ? null : a;
    return b === 0 || a === 0 ? null : (b + a) / 2;
  };
  const known = all.filter((row) => chosen.asOfUs === null || row.ts_recv <= chosen.asOfUs);
  const open = new Map<string, { start: number; end: number; prices: number[] }>();
  for (const row of known.toSorted((a, b) => a.ts - b.ts || a.ts_recv - b.ts_recv)) {
    const value = priceOf(row);
    if (value === null) continue;
    const shift = align === 'broker' ? (row.utc_offset_s as number) * SECOND : 0;
    const wall = Math.floor((row.ts + shift) / widthUs) * widthUs;
    const key = widthUs > HOUR ? `${wall}` : `${wall} ${shift}`;
    const bar = open.get(key) ?? { start: wall - shift, end: 0, prices: [] };
    open.set(key, { ...bar, end: wall + widthUs - shift, prices: [...bar.prices, value] });
  }
  return [...open.values()]
    .filter(
      ({ end, start }) =>
        start >= chosen.fromUs && end <= Math.min(chosen.toUs, chosen.asOfUs ?? chosen.toUs),
    )
    .map(({ prices, start }) => ({
      ts: start,
      open: prices[0] as number,
      high: Math.max(...prices),
      low: Math.min(...prices),
      close: prices.at(-1) as number,
      ticks: prices.length,
    }))
    .toSorted((a, b) => a.ts - b.ts);
}

const series = { feed: FEED, symbol: SYMBOL };
const read = async (chosen: Selection, range = { fromUs: chosen.fromUs, toUs: chosen.toUs }) =>
  rig.read({ selection: chosen, series, ...range });

describe.each(['utc', 'broker'] as const)('by the clock %s', (align) => {
  test.each([
    [SECOND, 'bid'],
    [5 * MINUTE, 'mid'],
    [HOUR, 'ask'],
    [4 * HOUR, 'bid'],
    [DAY, 'mid'],
  ] as const)('%d µs of %s: the file, its extent and its days', async (widthUs, price) => {
    const chosen = of({ widthUs, price, align });
    const expected = barsOf(chosen);
    expect(expected.length).toBeGreaterThan(widthUs === DAY ? 1 : 10);
    const file = await read(chosen);
    expect(file.rows).toEqual(expected);
    expect(Object.keys(file.types)).toEqual(resampledKind.columns.map(({ name }) => name));
    expect([file.types['ts'], file.types['ticks']]).toEqual(['TIMESTAMP WITH TIME ZONE', 'BIGINT']);
    const extent = await rig.source.extent({ selection: chosen, series, fromUs: FROM, toUs: TO });
    expect(extent).toMatchObject({
      rows: expected.length,
      firstUs: expected[0]?.ts,
      lastUs: expected.at(-1)?.ts,
    });
    const counts = Map.groupBy(expected, (bar) => Math.floor(bar.ts / DAY) * DAY);
    const days = await rig.source.days(chosen);
    expect(days.map(({ dayUs, rows }) => [dayUs, rows])).toEqual(
      [...counts].map(([dayUs, bars]) => [dayUs, bars.length]),
    );
    for (const day of days) {
      const bounds = { fromUs: day.dayUs, toUs: day.dayUs + DAY };
      const of = await rig.source.extent({ selection: chosen, series, ...bounds });
      expect([of.rows, of.stampUs]).toEqual([day.rows, day.stampUs]);
    }
  });

  test.each([MINUTE, 6 * HOUR, DAY])(
    'slices of %d µs-bars that touch share no bar and lose none',
    async (widthUs) => {
      const chosen = of({ widthUs, price: 'bid', align });
      const cuts = [FROM, FROM + DAY, FROM + DAY + 7 * HOUR + 11, SWITCH - 1, SWITCH + 30 * MINUTE, TO];
      const rows: Plain[] = [];
      for (const [i, fromUs] of cuts.slice(0, -1).entries())
        rows.push(...(await read(chosen, { fromUs, toUs: cuts[i + 1] as number })).rows);
      expect(rows).toEqual(barsOf(chosen));
    },
  );

  test('an interval that the range cuts is left out, at both ends', async () => {
    const cut = { fromUs: FROM + 30 * SECOND, toUs: TO - 30 * SECOND };
    for (const widthUs of [MINUTE, 4 * HOUR]) {
      const chosen = of({ widthUs, price: 'bid', align }, cut);
      const { rows } = await read(chosen);
      expect(rows).toEqual(barsOf(chosen));
      expect(rows.length).toBeLessThan(barsOf(of({ widthUs, price: 'bid', align })).length + 1);
      expect(rows[0]?.['ts']).toBeGreaterThanOrEqual(cut.fromUs);
    }
  });

  test('as of a time: of the ticks received by then, and no interval that had not ended', async () => {
    const asOfUs = FROM + DAY + 12 * HOUR + 17 * SECOND;
    const chosen = of({ widthUs: 5 * MINUTE, price: 'mid', align }, { asOfUs });
    expect((await read(chosen)).rows).toEqual(barsOf(chosen));
  });
});

test('the repeated hour of the broker is two hours', async () => {
  const chosen = of({ widthUs: HOUR, price: 'bid', align: 'broker' });
  const starts = (await read(chosen)).rows.map(({ ts }) => ts as number);
  expect(new Set(starts).size).toBe(starts.length);
  expect(starts.filter((ts) => ts >= SWITCH - HOUR && ts < SWITCH + HOUR).length).toBeGreaterThan(0);
});

test('the interval that is not over is left out, however far the range reaches', async () => {
  const nowUs = rig.clock.nowUs();
  const symbol = 'NOW';
  const rows = [nowUs - 3 * MINUTE, nowUs].map((ts, i) => tick(ts, i, { symbol, utc_offset_s: 0 }));
  await rig.write('ticks', rows);
  const range = { fromUs: nowUs - HOUR, toUs: nowUs + DAY };
  const chosen = of({ widthUs: MINUTE, price: 'bid', align: 'utc' }, range);
  const file = await rig.read({ selection: chosen, series: { feed: FEED, symbol }, ...range });
  const start = (us: number): number => Math.floor(us / MINUTE) * MINUTE;
  expect(file.rows[0]?.['ts']).toBe(start(nowUs - 3 * MINUTE));
  for (const { ts } of file.rows) expect((ts as number) + MINUTE).toBeLessThanOrEqual(rig.clock.nowUs());
});

test('what cannot be resampled is refused', async () => {
  const seven = of({ widthUs: 7 * MINUTE, price: 'bid', align: 'utc' });
  for (const chosen of [seven, of({ widthUs: 0, price: 'bid', align: 'utc' })]) {
    await expect(read(chosen)).rejects.toMatchObject({ code: 'DATASET_SELECTION_INVALID' });
    await expect(rig.source.days(chosen)).rejects.toMatchObject({ code: 'DATASET_SELECTION_INVALID' });
  }
  const bars = of({ widthUs: MINUTE, price: 'bid', align: 'utc' }, { kind: 'bars' });
  await expect(rig.source.days(bars)).rejects.toMatchObject({
    message: 'bars cannot be resampled, only ticks',
  });
});
