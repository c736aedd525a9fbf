import { expect, test } from 'vitest';
import { clockOffset } from './clock-offset.ts';

test.each([
  [0, 0],
  [10_800, 10_800],
  [10_890, 10_800],
  [-10_710, -10_800],
  [19_800, 19_800],
  [20_700, 20_700],
  [-50, 0],
  [50_400, 50_400],
  [50_490, 50_400],
  [-50_400, -50_400],
  [10_891, null],
  [10_700, null],
  [12_345, null],
  [51_300, null],
  [-51_300, null],
  [54_000, null],
  [1_782_000_000, null],
  [Number.NaN, null],
  [Number.POSITIVE_INFINITY, null],
])('%d s apart: %s', (differenceS, offsetS) => {
  expect(clockOffset(differenceS)).toBe(offsetS);
});
