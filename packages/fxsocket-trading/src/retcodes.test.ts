import { expect, test } from 'vitest';
import { mayPassLater, retcodeName, retcodes } from './index.ts';

test('names and numbers are one to one, and only what can pass as it is passes later', () => {
  const numbers = Object.values(retcodes);
  expect(new Set(numbers).size).toBe(numbers.length);
  for (const [name, number] of Object.entries(retcodes)) expect(retcodeName(number)).toBe(name);
  expect(retcodeName(10037)).toBeNull(); // the reference leaves it out
  expect(numbers.filter(mayPassLater)).toEqual([10004, 10012, 10020, 10021, 10023, 10024, 10028, 10031]);
  expect(mayPassLater(777)).toBe(false);
});
