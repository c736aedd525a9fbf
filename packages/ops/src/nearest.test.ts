import { expect, test } from 'vitest';
import { nearest, nearestOf } from './nearest.ts';

test('the nearest name, whatever was mistyped', () => {
  const known = ['EURUSDm', 'EURUSD', 'GBPUSD', 'XAUUSD', 'US500.cash'];
  for (const [typed, meant] of [
    ['EURUDS', 'EURUSD'],
    ['EURUSDD', 'EURUSD'],
    ['EURUSD.', 'EURUSD'],
    ['eurusd', 'EURUSD'],
    ['GPBUSD', 'GBPUSD'],
    ['XAUUS', 'XAUUSD'],
    ['us500', 'US500.cash'],
  ] as const)
    expect(nearest(typed, known)).toBe(meant);
  expect(nearest('EURUSD', [])).toBeNull();
});

test('the nearest names, the nearest first', () => {
  const known = ['GBPUSD', 'EURUSDm', 'XAUUSD', 'EURUSD'];
  expect(nearestOf('EURUSD.', known, 2)).toEqual(['EURUSD', 'EURUSDm']);
  expect(nearestOf('EURUSD', known, 9)).toHaveLength(4);
});
