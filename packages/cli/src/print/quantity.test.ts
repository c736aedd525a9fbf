import { expect, test } from 'vitest';
import { spellBytes, spellDuration } from './quantity.ts';

test.for([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1 kB'],
  [1234, '1.23 kB'],
  [999_499, '999 kB'],
  [999_999, '1 MB'],
  [64_000_000, '64 MB'],
  [4.56e13, '45.6 TB'],
])('%d bytes', ([bytes, text]) => {
  expect(spellBytes(bytes as number)).toBe(text);
});

test.for([
  [0, '0 ms'],
  [0.4, '0 ms'],
  [999.4, '999 ms'],
  [999.6, '1 s'],
  [1250, '1.25 s'],
  [59_940, '59.9 s'],
  [59_960, '1 min'],
  [250_000, '4 min 10 s'],
  [3_599_700, '1 h'],
  [11_100_000, '3 h 5 min'],
  [86_399_999, '1 d'],
  [187_200_000, '2 d 4 h'],
  [-1250, '-1.25 s'],
])('%d ms', ([ms, text]) => {
  expect(spellDuration(ms as number)).toBe(text);
});
