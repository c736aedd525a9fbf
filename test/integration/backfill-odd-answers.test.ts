// Answers that nobody promised and some bridge gives: rows twice and not alike, rows in any order, rows that were not asked for, figures as
// text, positions that end before they begin. What is stored does not depend on luck, does not change at every look, and nothing is lost
// without a word.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { BackfillRig, DAY, HOUR, START } from './backfill-rig.ts';
import { ownQuestDb } from '../own-servers.ts';

let rig: BackfillRig;
let simulator: BackfillRig['simulator'];
beforeAll(async () => {
  const first = await BackfillRig.start({ conf: ownQuestDb().conf });
  ({ simulator } = first);
  await first.close({ simulator: false });
});
beforeEach(async () => {
  rig = await BackfillRig.start({ conf: ownQuestDb().conf, simulator });
  return () => rig.close({ simulator: false });
});
afterAll(() => simulator.close());

const MINUTE = HOUR / 60;
/** Winter at the broker. */
const OFFSET_US = 2 * HOUR;
const RANGE = { fromUs: START - DAY, toUs: START - MINUTE };
const brokerTime = (us: number): string => new Date((us + OFFSET_US) / 1000).toISOString();

const answerWith = async (path: string, rows: readonly object[]): Promise<void> => {
  await rig.control.command('release', { kind: 'rest' });
  await rig.control.fault('rest', { path, status: 200, body: JSON.stringify(rows), ms: 600_000 });
};
const gaps = () => rig.sql(`SELECT stream, cause, state, evidence FROM gaps WHERE account = '${rig.name}'`);

const deal = (ticket: number, more: object = {}): object => ({
  ticket,
  order: ticket + 1,
  position: ticket,
  symbol: 'EURUSD',
  type: 'Buy',
  entry: 'In',
  volume: 0.1,
  price: 1.08,
  commission: 0,
  swap: 0,
  profit: 0,
  magic: 0,
  comment: '',
  time: brokerTime(START - 2 * HOUR),
  ...more,
});
const bar = (us: number, close: number, more: object = {}): object => ({
  time: brokerTime(us),
  open: 1.08,
  high: 1.09,
  low: 1.07,
  close,
  tickVolume: 10,
  realVolume: 0,
  spread: 2,
  ...more,
});

test('a deal that stands twice in an answer, and not alike, has one row, and no new version at each look', async () => {
  await answerWith('/OrderHistory', [
    deal(11, { profit: 1 }),
    deal(11, { profit: 2 }),
    deal(12),
    deal(12),
    deal(13),
  ]);
  for (let i = 0; i < 3; i++) await rig.deals(RANGE.fromUs, RANGE.toUs);
  expect(await rig.rows('deals', 'deal_id, profit', 'deal_id')).toMatchObject([
    { deal_id: '11', profit: 2 },
    { deal_id: '12' },
    { deal_id: '13' },
  ]);
  const versions = await rig.rows('deal_revisions', 'deal_id, count() n', 'deal_id', 'true GROUP BY deal_id');
  expect(versions.map(({ n }) => Number(n))).toEqual([1, 1, 1]);
});

test('a minute that stands twice, and not alike, has one bar, and no new version at each look', async () => {
  const fromUs = START - 2 * HOUR;
  await answerWith('/PriceHistory', [
    bar(fromUs + 2 * MINUTE, 1.083),
    bar(fromUs, 1.081),
    bar(fromUs + MINUTE, 1.0801),
    bar(fromUs + MINUTE, 1.0802),
    bar(fromUs + 3 * MINUTE, 1.084),
  ]);
  for (let i = 0; i < 3; i++) await rig.bars({ fromUs, toUs: fromUs + HOUR });
  expect((await rig.rows('bars', 'close', 'ts')).map(({ close }) => close)).toEqual([
    1.081, 1.0802, 1.083, 1.084,
  ]);
  const versions = await rig.rows('bar_revisions', 'ts, count() n', 'ts', 'true GROUP BY ts');
  expect(versions.map(({ n }) => Number(n))).toEqual([1, 1, 1, 1]);
});

test('bars that were not asked for prove nothing: what is claimed is what was asked', async () => {
  const fromUs = START - 4 * HOUR;
  await answerWith('/PriceHistory', [
    bar(fromUs - HOUR, 1.07),
    bar(fromUs, 1.081),
    bar(fromUs + 59 * MINUTE, 1.082),
    bar(fromUs + 3 * HOUR, 1.09),
  ]);
  await rig.bars({ fromUs, toUs: fromUs + HOUR });
  const covered = await rig.covered('bars', 'EURUSD', 'M1');
  expect(covered.length).toBeGreaterThan(0);
  for (const range of covered) {
    expect(range.fromUs).toBeGreaterThanOrEqual(fromUs);
    expect(range.toUs).toBeLessThanOrEqual(fromUs + HOUR);
  }
});

test('a bar whose high is below its low is set aside with a gap; the others are stored', async () => {
  const fromUs = START - 2 * HOUR;
  await answerWith('/PriceHistory', [
    bar(fromUs, 1.081),
    bar(fromUs + MINUTE, 1.08, { high: 1, low: 2 }),
    bar(fromUs + 2 * MINUTE, 1.082),
  ]);
  await rig.bars({ fromUs, toUs: fromUs + HOUR });
  expect(await rig.rows('bars', 'close', 'ts')).toEqual([{ close: 1.081 }, { close: 1.082 }]);
  expect(await rig.rows('rejected', 'kind, reason')).toEqual([
    { kind: 'history_bar', reason: 'high is below low' },
  ]);
  expect(await gaps()).toMatchObject([{ stream: 'bars', cause: 'rejected', state: 'open' }]);
});

test('prices as text cost the record and leave a gap; the others are stored', async () => {
  const fromUs = START - 2 * HOUR;
  await answerWith('/PriceHistory', [
    bar(fromUs, 1.081),
    bar(fromUs + MINUTE, 1.08, { open: '1.08' }),
    bar(fromUs + 2 * MINUTE, 1.082, { tickVolume: '12' }),
  ]);
  await rig.bars({ fromUs, toUs: fromUs + HOUR });
  expect(await rig.rows('bars', 'close, tick_volume', 'ts')).toEqual([
    { close: 1.081, tick_volume: '10' },
    { close: 1.082, tick_volume: null },
  ]);
  expect(await rig.rows('rejected', 'kind', 'kind')).toEqual([{ kind: 'field' }, { kind: 'history_bar' }]);
  expect(await gaps()).toMatchObject([{ stream: 'bars', cause: 'rejected', state: 'open' }]);
});

test('a position that ends before it begins is stored as the broker says, and once', async () => {
  const position = (positionId: number, openUs: number, closeUs: number): object => ({
    positionId,
    symbol: 'EURUSD',
    type: 'Buy',
    volume: 0.1,
    openTime: brokerTime(openUs),
    openPrice: 1.08,
    closeTime: brokerTime(closeUs),
    closePrice: 1.09,
    profit: 1,
    swap: 0,
    commission: 0,
    netProfit: 1,
  });
  await answerWith('/PositionHistory', [
    position(1, START - 3 * HOUR, START - 4 * HOUR),
    position(2, START - 4 * HOUR, START - 3 * HOUR),
    position(2, START - 4 * HOUR, START - 3 * HOUR),
  ]);
  for (let i = 0; i < 2; i++) await rig.run('positions', { account: rig.name, ...RANGE, why: 'history' });
  expect(await rig.rows('positions', 'position_id', 'position_id')).toEqual([
    { position_id: '1' },
    { position_id: '2' },
  ]);
  expect(await rig.count('position_revisions')).toBe(2);
  expect(await gaps()).toEqual([]);
});

test('deals that were not asked for are stored, and only what was asked is claimed', async () => {
  await answerWith('/OrderHistory', [
    deal(21),
    deal(22, { time: brokerTime(START + 2 * DAY) }),
    deal(23, { time: brokerTime(Date.now() * 1000 + 2 * DAY) }),
  ]);
  for (let i = 0; i < 2; i++) await rig.deals(RANGE.fromUs, RANGE.toUs);
  expect(await rig.rows('deals', 'deal_id', 'ts')).toEqual([
    { deal_id: '21' },
    { deal_id: '22' },
    { deal_id: '23' },
  ]);
  expect(await rig.covered('deals')).toEqual([RANGE]);
  expect(await gaps()).toEqual([]);
});

test('deals of kinds that nobody lists are stored with their own words', async () => {
  await answerWith('/OrderHistory', [
    deal(31, { type: 'Dividend franked', entry: 'Out By' }),
    deal(32, { type: 'Agent Commission Daily', entry: '', symbol: '', volume: 0, price: 0, profit: -1.5 }),
    deal(33, { type: 17, entry: null }),
  ]);
  await rig.deals(RANGE.fromUs, RANGE.toUs);
  expect(await rig.rows('deals', 'deal_id, type, entry, profit', 'deal_id')).toMatchObject([
    { deal_id: '31', type: 'Dividend franked', entry: 'Out By' },
    { deal_id: '32', type: 'Agent Commission Daily', profit: -1.5 },
    { deal_id: '33', type: null, entry: null },
  ]);
  expect(await rig.rows('rejected', 'kind, reason')).toMatchObject([{ kind: 'field' }]);
  expect(await rig.covered('deals')).toEqual([RANGE]);
});

test('daily bars from before 1971, where no time of a terminal lies, are set aside; the others are stored', async () => {
  const day = (isoDay: string, close: number): object => ({
    ...bar(0, close),
    time: `${isoDay}T00:00:00.000Z`,
  });
  await answerWith('/PriceHistory', [
    day('1968-12-31', 1.071),
    day('1969-12-31', 1.072),
    day('1970-01-01', 1.073),
    day('1971-01-04', 1.08),
    day('1971-01-05', 1.081),
  ]);
  await rig.bars({ timeframe: 'D1', fromUs: 0, toUs: 400 * DAY });
  expect((await rig.rows('bars', 'close', 'ts')).map(({ close }) => close)).toEqual([1.08, 1.081]);
  expect(await rig.rows('rejected', 'kind, reason')).toEqual(
    Array.from({ length: 3 }, () => ({ kind: 'history_bar', reason: 'the time lies before 1971' })),
  );
  expect(await gaps()).toMatchObject([{ stream: 'bars', cause: 'rejected', state: 'open' }]);
});

test('prices of a hundred-millionth and sums of billions are stored digit by digit', async () => {
  const fromUs = START - 2 * HOUR;
  const cents = { open: 8.12e-6, high: 8.13e-6, low: 1e-8, close: 8.12e-6 };
  await answerWith('/PriceHistory', [
    { ...bar(fromUs, 0), ...cents, tickVolume: 4_294_967_296, realVolume: 9_007_199_254_740_991 },
    { ...bar(fromUs + MINUTE, 0), ...cents },
  ]);
  await rig.bars({ fromUs, toUs: fromUs + HOUR });
  const columns = 'open, high, low, close, tick_volume, real_volume';
  expect((await rig.rows('bars', columns, 'ts'))[0]).toEqual({
    ...cents,
    tick_volume: '4294967296',
    real_volume: '9007199254740991',
  });
  await answerWith('/OrderHistory', [
    deal(41, { profit: -123_456_789_012.34, volume: 1e-8, price: 25_412_345.5 }),
  ]);
  await rig.deals(RANGE.fromUs, RANGE.toUs);
  expect(await rig.rows('deals', 'profit, volume, price')).toEqual([
    { profit: -123_456_789_012.34, volume: 1e-8, price: 25_412_345.5 },
  ]);
});
