// Bars, deals, positions, accounts, gaps and verdicts as datasets: today's rows and those of an earlier time, and what is known about them.
// What a table may hold is compared with what the file has.
import type { Selection, Slice } from '@fxtape/datasets';
import { datasetKinds } from '@fxtape/datasets/kinds';
import { brokerMs, historyBars, parseClockRule } from '@fxtape/market';
import type { RowInput } from '@fxtape/market/tables';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ownQuestDb } from '../own-servers.ts';
import { chance, DatasetRig, selection, shuffled } from './dataset-rig.ts';

const [MINUTE, DAY] = [60e6, 86_400e6] as const;
const FROM = Date.UTC(2025, 11, 29) * 1000;
const TO = FROM + 6 * DAY;
const FEED = 'kinds feed "ü"';
const ACCOUNT = "kinds account 'a'";
const SERVER = "Broker's Server-Live";
const random = chance(3);

let rig: DatasetRig;
beforeAll(async () => {
  rig = await DatasetRig.open(ownQuestDb().conf);
});
afterAll(() => rig?.close());

const of = (kind: Selection['kind'], more: Partial<Selection> = {}): Selection =>
  selection({ kind, fromUs: FROM, toUs: TO, reception: true, ...more });
const slice = (chosen: Selection, series: Slice['series'], more: Partial<Slice> = {}): Slice => ({
  selection: chosen,
  series,
  fromUs: chosen.fromUs,
  toUs: chosen.toUs,
  ...more,
});

type Bar = RowInput<'bars'> & RowInput<'bar_revisions'>;

describe('bars', () => {
  const SEEN = [TO, TO + DAY, TO + 2 * DAY] as const;
  const version = (symbol: string, timeframe: string, i: number, nth: number): Bar => ({
    ts: FROM + i * 7 * MINUTE,
    feed: FEED,
    symbol,
    timeframe,
    open: i,
    high: i + 2,
    low: 0 - i,
    close: i + nth / 4,
    tick_volume: i % 3 === 0 ? null : 7 * i,
    real_volume: i % 4 === 0 ? null : 9_007_199_254_740_991,
    spread_points: i % 5 === 0 ? null : i,
    utc_offset_s: 7200,
    ts_seen: (SEEN[nth] as number) + i,
  });
  // Some in one version, some in three; M1 and H1 open at the same time.
  const versions = ['EURUSD', 'X/Y'].flatMap((symbol) =>
    ['M1', 'H1', 'M15'].flatMap((timeframe) =>
      Array.from({ length: 60 }, (_, i) =>
        Array.from({ length: 1 + (i % 3) }, (__, nth) => version(symbol, timeframe, i, nth)),
      ).flat(),
    ),
  );
  const newest = (asOfUs: number): Bar[] => {
    const known = new Map<string, Bar>();
    for (const row of versions
      .filter((each) => each.ts_seen <= asOfUs)
      .toSorted((a, b) => a.ts_seen - b.ts_seen))
      known.set(`${row.symbol} ${row.timeframe} ${row.ts}`, row);
    return [...known.values()].toSorted((a, b) => a.ts - b.ts || (a.timeframe < b.timeframe ? -1 : 1));
  };
  beforeAll(async () => {
    await rig.write('bar_revisions', ...shuffled(versions, random, 6));
    await rig.write('bars', ...shuffled(newest(Number.POSITIVE_INFINITY), random, 3));
  });
  const series = { feed: FEED, symbol: 'X/Y' };
  const inFile = (rows: readonly Bar[]) =>
    rows.filter((row) => row.symbol === 'X/Y').map(({ feed: _f, symbol: _s, ...row }) => row);

  test('today’s, by time and timeframe', async () => {
    const file = await rig.read(slice(of('bars', { feeds: [FEED] }), series));
    expect(file.rows).toEqual(inFile(newest(Number.POSITIVE_INFINITY)));
    expect(file.types).toMatchObject({
      ts: 'TIMESTAMP WITH TIME ZONE',
      real_volume: 'BIGINT',
      timeframe: 'VARCHAR',
    });
  });

  test.each([0, 1, 2, 3])('as of version %d', async (nth) => {
    const asOfUs = nth === 3 ? SEEN[0] - 1 : (SEEN[nth] as number) + 30;
    const chosen = of('bars', { feeds: [FEED], asOfUs });
    const expected = newest(asOfUs);
    const file = await rig.read(slice(chosen, series));
    expect(file.rows).toEqual(inFile(expected));
    const extent = await rig.source.extent(slice(chosen, series));
    expect(extent.rows).toBe(inFile(expected).length);
    const days = await rig.source.days(chosen);
    expect(days.reduce((sum, { rows }) => sum + rows, 0)).toBe(expected.length);
    expect(Math.max(0, ...days.map(({ stampUs }) => stampUs ?? 0))).toBe(
      Math.max(0, ...expected.map((row) => row.ts_seen)),
    );
  });

  test('of some timeframes; one that does not exist is an error', async () => {
    const chosen = of('bars', { feeds: [FEED], timeframes: ['M1', 'M15'] });
    const file = await rig.read(slice(chosen, series));
    expect(file.rows).toEqual(
      inFile(newest(Number.POSITIVE_INFINITY)).filter((row) => row.timeframe !== 'H1'),
    );
    const asOf = await rig.read(slice({ ...chosen, asOfUs: SEEN[2] + DAY }, series));
    expect(asOf.rows).toEqual(file.rows);
    await expect(rig.source.days(of('bars', { feeds: [FEED], timeframes: ['M2'] }))).rejects.toMatchObject({
      code: 'DATASET_NAME_UNKNOWN',
      message: expect.stringContaining('there is no timeframe "M2"'),
    });
  });

  test('the bar that is forming is in no file: what stores bars leaves it out of every answer', async () => {
    const rule = parseClockRule('UTC+2h');
    const wire = Array.from({ length: 5 }, (_, i) => ({
      time: `2026-06-22T10:0${i}:00.000Z`,
      open: 1,
      high: 2,
      low: 1,
      close: 1 + i / 10,
      tickVolume: 3,
      realVolume: 0,
      spread: 1,
    }));
    const brokerNow = brokerMs(Date.UTC(2026, 5, 22, 10, 4, 30));
    const common = { feed: FEED, symbol: 'FORMING', timeframe: 'M1', rule, brokerNow };
    const seenUs = Date.UTC(2026, 5, 22, 8, 4, 30) * 1000;
    const { openFromUs, rows } = historyBars(wire as never, { ...common, seenUs });
    await rig.write('bar_revisions', rows);
    await rig.write('bars', rows);
    const range = { fromUs: seenUs - DAY, toUs: seenUs + DAY };
    for (const asOfUs of [null, seenUs + DAY]) {
      const chosen = of('bars', { feeds: [FEED], symbols: ['FORMING'], asOfUs, ...range });
      const file = await rig.read(slice(chosen, { feed: FEED, symbol: 'FORMING' }));
      expect(file.rows.length).toBe(4);
      for (const { ts } of file.rows)
        expect((ts as number) + MINUTE).toBeLessThanOrEqual(openFromUs as number);
    }
  });
});

describe('deals and positions', () => {
  const deal = (i: number, nth: number): RowInput<'deals'> & RowInput<'deal_revisions'> => ({
    ts: FROM + (i >> 2) * MINUTE,
    account: ACCOUNT,
    // Ids of nineteen digits, several at one time.
    deal_id: 9_000_000_000_000_000_000n + BigInt(i * 7),
    order_id: i,
    position_id: i % 2 === 0 ? null : i,
    // A later version names another symbol.
    symbol: i % 5 === 0 ? null : nth === 0 && i % 3 === 0 ? 'OLD' : 'NEW',
    type: 'Buy',
    entry: null,
    volume: i % 5 === 0 ? null : 0.01 * i,
    price: null,
    commission: -0.07,
    swap: 0,
    profit: nth + i,
    magic: -1,
    comment: i % 2 === 0 ? '' : 'é "x" 🙂',
    utc_offset_s: 10_800,
    ts_seen: TO + nth * DAY + i,
  });
  const first = Array.from({ length: 40 }, (_, i) => deal(i, 0));
  const second = first.flatMap((_, i) => (i % 2 === 0 ? [deal(i, 1)] : []));
  const now = first.map((row, i) => (i % 2 === 0 ? deal(i, 1) : row));
  beforeAll(async () => {
    await rig.write('deal_revisions', ...shuffled([...first, ...second], random, 4));
    await rig.write('deals', ...shuffled(now, random, 3));
  });
  const series = { account: ACCOUNT };
  const ids = (rows: readonly { deal_id: number | bigint }[]) => rows.map((row) => String(row.deal_id));

  test('today’s and earlier ones, by time and ticket', async () => {
    const file = await rig.read(slice(of('deals', { accounts: [ACCOUNT] }), series));
    expect(file.rows.map((row) => row['deal_id'])).toEqual(ids(now));
    expect(file.rows.map(({ profit, symbol, ts }) => [profit, symbol, ts])).toEqual(
      now.map(({ profit, symbol, ts }) => [profit, symbol, ts]),
    );
    expect(Object.keys(file.types)).toEqual(
      [...datasetKinds.deals.columns, ...datasetKinds.deals.reception].map(({ name }) => name),
    );
    const before = await rig.read(slice(of('deals', { asOfUs: TO + 100 }), series));
    expect(before.rows.map((row) => row['profit'])).toEqual(first.map((row) => row.profit));
  });

  test('of one symbol: as the newest known version has it', async () => {
    const chosen = of('deals', { accounts: [ACCOUNT], symbols: ['N?W'] });
    const file = await rig.read(slice(chosen, series));
    expect(file.rows.map((row) => row['deal_id'])).toEqual(ids(now.filter((row) => row.symbol === 'NEW')));
    const asOf = await rig.read(slice({ ...chosen, asOfUs: TO + 2 * DAY }, series));
    expect(asOf.rows).toEqual(file.rows);
    const before = await rig.read(slice({ ...chosen, asOfUs: TO + 100 }, series));
    expect(before.rows.length).toBe(first.filter((row) => row.symbol === 'NEW').length);
    expect((await rig.source.days(chosen)).map(({ rows }) => rows)).toEqual([file.rows.length]);
    await expect(rig.source.days({ ...chosen, symbols: ['NWE'] })).rejects.toMatchObject({
      code: 'DATASET_NAME_UNKNOWN',
    });
  });

  test('positions', async () => {
    const position = (id: number, nth: number) => ({
      ts: FROM + MINUTE,
      account: ACCOUNT,
      position_id: id,
      ts_close: FROM + DAY + id,
      profit: nth,
      utc_offset_s: 0,
      ts_seen: TO + nth,
    });
    const [old, young] = [[2, 1].map((id) => position(id, 0)), [position(1, 5)]];
    await rig.write('position_revisions', old, young);
    await rig.write('positions', [old[0]!], young);
    const read = async (asOfUs: number | null) =>
      (await rig.read(slice(of('positions', { asOfUs }), series))).rows.map((row) => [
        row['position_id'],
        row['ts_close'],
        row['profit'],
      ]);
    expect(await read(null)).toEqual([
      [1, FROM + DAY + 1, 5],
      [2, FROM + DAY + 2, 0],
    ]);
    expect(await read(TO + 4)).toEqual([
      [1, FROM + DAY + 1, 0],
      [2, FROM + DAY + 2, 0],
    ]);
  });
});

test('account events: what was received by a time', async () => {
  const rows = Array.from({ length: 20 }, (_, i) => ({
    ts: FROM + i * MINUTE,
    account: ACCOUNT,
    balance: 100 + i,
    equity: 99.5,
    margin_level: i % 2 === 0 ? null : 1e9,
  }));
  await rig.write('account_events', ...shuffled(rows, random, 3));
  const series = { account: ACCOUNT };
  const balances = async (asOfUs: number | null) =>
    (await rig.read(slice(of('account_events', { asOfUs }), series))).rows.map((row) => row['balance']);
  expect(await balances(null)).toEqual(rows.map(({ balance }) => balance));
  expect(await balances(FROM + 5 * MINUTE)).toEqual([100, 101, 102, 103, 104, 105]);
});

describe('verdicts', () => {
  beforeAll(() =>
    rig.write(
      'daily_quality',
      ['EURUSD', 'X/Y'].flatMap((symbol) =>
        [-2, -1, 0, 1, 7].map((day) => ({
          // Days of a broker at UTC+2.
          ts: FROM + day * DAY - 120 * MINUTE,
          feed: FEED,
          symbol,
          ticks: 5,
          condition: day === 1 ? 'degraded' : 'available',
          reason: day === 1 ? 'a gap' : null,
        })),
      ),
    ),
  );

  test('as rows, by day and symbol; what they were at another time is not known', async () => {
    const chosen = of('daily_quality', { feeds: [FEED] });
    const file = await rig.read(slice(chosen, { feed: FEED }));
    expect(file.rows.map(({ symbol, ts }) => [ts, symbol])).toEqual([
      [FROM + DAY - 120 * MINUTE, 'EURUSD'],
      [FROM + DAY - 120 * MINUTE, 'X/Y'],
    ]);
    for (const ask of [
      () => rig.source.days({ ...chosen, asOfUs: TO }),
      () => rig.source.extent(slice({ ...chosen, asOfUs: TO }, { feed: FEED })),
      () => rig.source.parquet(slice({ ...chosen, asOfUs: TO }, { feed: FEED })),
    ])
      await expect(ask()).rejects.toMatchObject({ code: 'DATASET_AS_OF_UNKNOWN', kind: 'terminal' });
  });

  test('of the broker’s days that overlap the range', async () => {
    const found = await rig.source.conditions(of('ticks', { feeds: [FEED], symbols: ['X*'] }));
    expect(found).toEqual([
      { feed: FEED, symbol: 'X/Y', dayUs: FROM - 120 * MINUTE, condition: 'available', reason: null },
      { feed: FEED, symbol: 'X/Y', dayUs: FROM + DAY - 120 * MINUTE, condition: 'degraded', reason: 'a gap' },
    ]);
    expect(await rig.source.conditions(of('deals'))).toEqual([]);
  });
});

test('clock rules of the newest decision that hold in the range, and corrections that were carried out', async () => {
  await rig.write('accounts', [
    { ts: FROM, account: ACCOUNT, server: SERVER, feed: FEED },
    { ts: FROM, account: 'kinds other', server: 'Other', feed: 'kinds other' },
    { ts: FROM + 1, account: 'kinds nowhere', feed: FEED },
  ]);
  const rule = (ts: number, decided: number, text: string, server = SERVER) => ({
    ts,
    server,
    ts_decided: decided,
    rule: text,
    rule_id: `${text}!`,
    confidence: 'inferred',
  });
  await rig.write('clock_rules', [
    rule(FROM - 900 * DAY, FROM, 'UTC+1h'),
    rule(FROM + DAY, FROM, 'UTC+9h'),
    rule(FROM - 900 * DAY, FROM + 1, 'UTC+2h'),
    rule(FROM - DAY, FROM + 1, 'UTC+3h'),
    rule(FROM + 3 * DAY, FROM + 1, 'UTC+4h'),
    rule(TO, FROM + 1, 'UTC+5h'),
    rule(FROM - 900 * DAY, FROM, 'UTC', 'Other'),
  ]);
  const found = await rig.source.clockRules(of('ticks', { feeds: [FEED] }));
  expect(found.map(({ decidedUs, rule: text, server }) => [server, text, decidedUs])).toEqual([
    [SERVER, 'UTC+3h', FROM + 1],
    [SERVER, 'UTC+4h', FROM + 1],
  ]);
  const both = await rig.source.clockRules(of('deals', { accounts: ['kinds*'] }));
  expect(both.map(({ server }) => server)).toEqual([SERVER, SERVER, 'Other'].toSorted());
  const step = (ts: number, id: string, name: string, server = SERVER) => ({
    ts,
    apply_id: id,
    server,
    step: name,
    rule_id: id,
  });
  await rig.write('clock_applies', [
    step(TO + 9, 'two', 'applied'),
    step(TO + 1, 'one', 'begun'),
    step(TO + 2, 'one', 'applied'),
    step(TO + 5, 'dropped', 'abandoned'),
    step(TO + 6, 'other', 'applied', 'Other'),
  ]);
  expect(await rig.source.corrections(of('bars', { feeds: ['kinds feed*'] }))).toEqual([
    { server: SERVER, names: [FEED], appliedUs: TO + 2, ruleId: 'one' },
    { server: SERVER, names: [FEED], appliedUs: TO + 9, ruleId: 'two' },
  ]);
});
