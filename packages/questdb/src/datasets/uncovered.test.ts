import fc from 'fast-check';
import { expect, test } from 'vitest';
import { without } from './uncovered.ts';

test('what is left of a range lies in no gap, and together they are the range', () => {
  const gap = fc
    .tuple(fc.integer({ min: -20, max: 120 }), fc.option(fc.integer({ min: 0, max: 30 })))
    .map(([fromUs, width]) => ({ fromUs, toUs: width === null ? null : fromUs + width }));
  fc.assert(
    fc.property(fc.array(gap, { maxLength: 8 }), (gaps) => {
      const left = without({ fromUs: 0, toUs: 100 }, gaps);
      for (let us = 0; us < 100; us++) {
        const inGap = gaps.some(({ fromUs, toUs }) => us >= fromUs && us < (toUs ?? Infinity));
        expect(left.some(({ fromUs, toUs }) => us >= fromUs && us < toUs)).toBe(!inGap);
      }
    }),
  );
});

test('an empty range leaves nothing', () => {
  expect(without({ fromUs: 10, toUs: 10 }, [])).toEqual([]);
  expect(without({ fromUs: 10, toUs: 5 }, [{ fromUs: 0, toUs: null }])).toEqual([]);
});
