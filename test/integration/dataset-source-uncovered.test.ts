// Stretches that neither coverage nor a gap accounts for: between claims of any account and source, behind the last one, and not before the
// first one.
import type { KnownGap, Selection } from '@fxtape/datasets';
import type { RowInput } from '@fxtape/market/tables';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ownQuestDb } from '../own-servers.ts';
import { DatasetRig, selection } from './dataset-rig.ts';

const H = 3_600_000_000;
const FROM = Date.UTC(2025, 4, 5) * 1000;
const TO = FROM + 48 * H;
const FEED = 'uncovered feed';
const ACCOUNT = 'uncovered account';
let rig: DatasetRig;

const claim = (from: number, to: number, more: Partial<RowInput<'coverage'>> = {}): RowInput<'coverage'> => ({
  ts: FROM + from * H,
  ts_to: FROM + to * H,
  account: ACCOUNT,
  feed: FEED,
  symbol: 'EURUSD',
  stream: 'ticks',
  timeframe: null,
  range_id: `${from}-${to}-${more.account ?? ''}${more.source ?? ''}`,
  source: 'live',
  rows: 1,
  rule_id: 'UTC',
  ...more,
});
const of = (more: Partial<Selection>): Selection =>
  selection({ kind: 'ticks', feeds: [FEED], fromUs: FROM, toUs: TO, ...more });
const gap = (from: number, to: number | null, more: Partial<KnownGap> = {}): KnownGap => ({
  gapId: `${from}`,
  account: ACCOUNT,
  feed: FEED,
  symbol: 'EURUSD',
  stream: 'ticks',
  timeframe: null,
  fromUs: FROM + from * H,
  toUs: to === null ? null : FROM + to * H,
  cause: 'disconnect',
  state: 'open',
  rowsHealed: null,
  updatedUs: FROM,
  ...more,
});
const hours = async (of_: Selection, gaps: readonly KnownGap[] = []) =>
  (await rig.source.uncovered(of_, gaps)).map(({ fromUs, symbol, timeframe, toUs }) =>
    [symbol, timeframe, (fromUs - FROM) / H, (toUs - FROM) / H].filter((each) => each !== null).join(' '),
  );

beforeAll(async () => {
  rig = await DatasetRig.open(ownQuestDb().conf);
  await rig.write('coverage', [
    claim(-5, 3),
    claim(2, 6),
    claim(6, 8, { account: 'another' }),
    claim(10, 11, { source: 'history' }),
    // Inside of an earlier one: what ends sooner than the claim before it is no hole.
    claim(12, 30),
    claim(13, 14),
    claim(30, 31),
    claim(40, 60),
    claim(20, 47, { symbol: 'GBPUSD' }),
    claim(0, 48, { feed: 'uncovered other' }),
    claim(0, 20, { stream: 'bars', timeframe: 'M1', source: 'history' }),
    claim(0, 48, { stream: 'bars', timeframe: 'H1', source: 'history' }),
    claim(5, 40, { feed: null, symbol: null, stream: 'positions' }),
  ]);
});
afterAll(() => rig.close());

test('between claims and behind the last one, not before the first one', async () => {
  expect(await hours(of({}))).toEqual(['EURUSD 8 10', 'EURUSD 11 12', 'EURUSD 31 40', 'GBPUSD 47 48']);
  expect(await hours(of({ symbols: ['GBP*'] }))).toEqual(['GBPUSD 47 48']);
  expect(await hours(of({ fromUs: FROM + 9 * H, toUs: FROM + 9.5 * H }))).toEqual(['EURUSD 9 9.5']);
});

test('a gap accounts for its time; one of all symbols for all', async () => {
  const gaps = [gap(7, 9), gap(11, 12), gap(35, null, { symbol: null }), gap(8, 10, { feed: 'x' })];
  expect(await hours(of({}), gaps)).toEqual(['EURUSD 9 10', 'EURUSD 31 35']);
});

test('bars by timeframe, positions by account; nothing as of a time, nor of what is not streamed', async () => {
  expect(await hours(of({ kind: 'bars' }))).toEqual(['EURUSD M1 20 48']);
  expect(await hours(of({ kind: 'bars', timeframes: ['H1'] }))).toEqual([]);
  expect(await hours(of({ kind: 'positions', feeds: [], accounts: [ACCOUNT] }))).toEqual(['40 48']);
  expect(await hours(of({ asOfUs: TO }))).toEqual([]);
  expect(await hours(of({ kind: 'daily_quality' }))).toEqual([]);
});
