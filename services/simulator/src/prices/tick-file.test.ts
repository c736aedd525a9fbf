// Files as people have them: each is read exactly, or refused with the line and the reason.
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import type { Simulator } from '../simulator.ts';
import { startSimulator } from '../start-simulator.ts';
import { connect, get, until } from '../../testing/client.ts';
import { Random } from './random.ts';
import { readTickFile } from './tick-file.ts';
import { inOrder } from './tick-order.ts';

const file = (name: string): string =>
  fileURLToPath(new URL(`../../testing/tick-files/${name}`, import.meta.url));
const times = (name: string): string[] =>
  [...readTickFile(file(name)).utcMs].map((ms) => new Date(ms).toISOString().slice(11));

let simulator: Simulator | null = null;
afterEach(async () => {
  await simulator?.close();
  simulator = null;
});

test('rows that step back by a moment are put in order, each with its own time, and counted', () => {
  const read = readTickFile(file('DAT_ASCII_EURUSD_T_202607.csv'));
  expect(times('DAT_ASCII_EURUSD_T_202607.csv')).toEqual([
    '14:30:01.120Z',
    '14:30:01.480Z',
    '14:30:01.990Z',
    '14:30:02.005Z',
    '14:30:02.310Z',
    '14:30:03.000Z',
    '14:30:04.000Z',
    '14:30:04.650Z',
  ]);
  expect([...read.bid]).toEqual([108_421, 108_422, 108_422, 108_423, 108_421, 108_420, 108_420, 108_421]);
  expect(read.late).toEqual({ rows: 2, mostMs: 1000 });
});

test('a step back of an hour is refused with the line and what it means', () => {
  expect(() => readTickFile(file('DAT_ASCII_EURUSD_T_202610.csv'))).toThrow(
    /line 3 of .*steps back by 1 h \(once in the file\).*set back in autumn/,
  );
});

test('another unit than milliseconds is refused with the line and the likely unit', () => {
  expect(() => readTickFile(file('EURUSD-seconds.csv'))).toThrow(
    /line 2 of .*"1782205200" is not a time in milliseconds: in seconds it would be 2026-06-23T09:00:00Z/,
  );
  expect(() => readTickFile(file('EURUSD-microseconds.csv'))).toThrow(/line 2 of .*in microseconds/);
  expect(times('EURUSD-right.csv')).toEqual([
    '09:00:00.000Z',
    '09:00:01.000Z',
    '09:00:01.000Z',
    '09:00:03.000Z',
  ]);
});

test('what a spreadsheet adds does not matter, and UTF-16 is told', () => {
  for (const name of ['EURUSD-bom-crlf.csv', 'EURUSD-crlf.csv', 'EURUSD-blank-tail.csv'])
    expect([name, ...times(name)]).toEqual([name, '09:00:00.000Z', '09:00:00.250Z']);
  expect(() => readTickFile(file('EURUSD-utf16.csv'))).toThrow(/UTF-16/);
});

test('prices at and below zero are played, quoted, and told by history with their signs', async () => {
  const path = file('WTIUSD-2020-04-20.csv');
  expect([...readTickFile(path).bid]).toEqual([2, 0, -5, -3763]);
  const source = { kind: 'file', path, symbol: 'WTIUSD', speed: 'max' } as const;
  simulator = await startSimulator({ source, history: { days: 0, quoteTicks: 'full' } });
  const client = await connect(simulator);
  await client.subscribe('prices', 'WTIUSD');
  await until('every row', () => client.ticks().length >= 4);
  const quotes = [
    [0.02, 0.05],
    [0, 0.03],
    [-0.05, -0.01],
    [-37.63, -37.4],
  ];
  expect(client.ticks().map(({ bid, ask }) => [bid, ask])).toEqual(quotes);
  const day = 'symbol=WTIUSD&from=2020-04-20&to=2020-04-22';
  const ticks = (await get(simulator, `/QuoteTicks?${day}`)).json as { bid: number; ask: number }[];
  expect(ticks.map(({ bid, ask }) => [bid, ask])).toEqual(quotes);
  const bars = (await get(simulator, `/PriceHistory?timeframe=M1&${day}`)).json as object[];
  expect(bars).toMatchObject([
    { open: 0.02, high: 0.02, low: -0.05, close: -0.05 },
    { open: -37.63, high: -37.63, low: -37.63, close: -37.63 },
  ]);
  expect((await get(simulator, '/getQuote?symbol=WTIUSD')).json).toMatchObject({ bid: -37.63, ask: -37.4 });
});

test('whatever the rows, late ones stand in order of time, equal times as they came', () => {
  const seed = Date.now() % 1_000_000;
  const random = new Random(seed, 'order');
  const rows = Array.from({ length: 3000 }, (_, i) => 1e12 + i * 200 - random.below(5000));
  const ordered = inOrder(Float64Array.from(rows));
  if (!('order' in ordered)) throw new Error(`seed ${seed}: refused`);
  const wanted = rows.map((ms, i) => [ms, i] as const).toSorted((a, b) => a[0] - b[0] || a[1] - b[1]);
  expect([...ordered.order], `seed ${seed}`).toEqual(wanted.map(([, i]) => i));
});
