import { expect, test } from 'vitest';
import { nearest } from './nearest.ts';

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
