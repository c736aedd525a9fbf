import { expect, test } from 'vitest';
import { silences } from './silences.ts';

const MINUTE = 60_000_000;
const at = (minutes: number): number => minutes * MINUTE;
const bars = (from: number, to: number, tickVolume = 8) =>
  Array.from({ length: to - from }, (_, i) => ({ fromUs: at(from + i), tickVolume }));
const every = (from: number, to: number) =>
  Array.from({ length: (to - from) * 2 }, (_, i) => at(from + i / 2));
const found = (ticks: number[], minutes = bars(0, 60), range = { fromUs: 0, toUs: at(60) }) =>
  silences({ range, ticks, minutes }).map(({ range: { fromUs, toUs }, ticks: n }) => [
    Math.round((fromUs / MINUTE) * 10) / 10,
    Math.round((toUs / MINUTE) * 10) / 10,
    n,
  ]);

test('a history that begins late, stops early, or has a hole is silent there, to its end', () => {
  expect(found(every(0, 60))).toEqual([]);
  expect(found(every(20, 60))).toEqual([[0, 20, 160]]);
  expect(found(every(0, 20))).toEqual([[19.5, 60, 320]]);
  expect(found([...every(0, 20), ...every(40, 60)])).toEqual([[19.5, 40, 160]]);
  expect(found([])).toEqual([[0, 60, 480]]);
});

test('a slow symbol is silent over minutes that each say little; a quiet market is not', () => {
  expect(found([at(2), at(50)], bars(0, 60, 1))).toEqual([[2, 60, 57 - 1]]);
  expect(found([at(2), at(50)], [...bars(0, 3, 2), ...bars(50, 51, 2)])).toEqual([]);
  expect(found([], [])).toEqual([]);
});

test('of a minute that the range or a tick cuts nothing is known, and what lies close together is one', () => {
  const range = { fromUs: at(0.5), toUs: at(2.5) };
  expect(found([at(1.2)], bars(0, 3), range)).toEqual([]);
  expect(found([], bars(0, 3), range)).toEqual([[0.5, 2.5, 8]]);
  expect(found([...every(0, 10), at(20), at(30), ...every(40, 60)])).toEqual([[9.5, 40, 80 + 72 + 72]]);
});
