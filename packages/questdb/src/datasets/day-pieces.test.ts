import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DAY_US, dayOf, piecesOf } from './day-pieces.ts';

const day = (n: number, rows: number) => ({ fromUs: n * DAY_US + 5, rows });

test('pieces hold as many days as fit, and are cut at midnight', () => {
  const partitions = [day(1, 4), day(2, 4), day(3, 4), day(9, 20), day(10, 1)];
  expect(piecesOf(partitions, { fromUs: 7, toUs: 20 * DAY_US }, 10)).toEqual([
    { fromUs: 7, toUs: 3 * DAY_US },
    { fromUs: 3 * DAY_US, toUs: 9 * DAY_US },
    { fromUs: 9 * DAY_US, toUs: 10 * DAY_US },
    { fromUs: 10 * DAY_US, toUs: 20 * DAY_US },
  ]);
  expect(piecesOf(partitions, { fromUs: 5, toUs: 5 }, 10)).toEqual([]);
  expect(piecesOf([], { fromUs: 5, toUs: 6 }, 10)).toEqual([{ fromUs: 5, toUs: 6 }]);
});

test('pieces make up the whole range, and none of several days has too many rows', () => {
  const partition = fc.record({
    fromUs: fc.integer({ min: 0, max: 50 * DAY_US }),
    rows: fc.integer({ min: 0, max: 30 }),
  });
  fc.assert(
    fc.property(
      fc.array(partition, { maxLength: 40 }),
      fc.integer({ min: 0, max: 50 * DAY_US }),
      fc.integer({ min: 1, max: 30 * DAY_US }),
      (partitions, fromUs, lengthUs) => {
        const range = { fromUs, toUs: fromUs + lengthUs };
        const pieces = piecesOf(partitions, range, 40);
        expect(pieces[0]?.fromUs).toBe(range.fromUs);
        expect(pieces.at(-1)?.toUs).toBe(range.toUs);
        for (const [i, piece] of pieces.entries()) {
          expect(piece.toUs).toBeGreaterThan(piece.fromUs);
          if (i > 0) expect(piece.fromUs).toBe(pieces[i - 1]?.toUs);
          if (i > 0) expect(piece.fromUs % DAY_US).toBe(0);
          const inside = partitions.filter((each) => each.fromUs >= piece.fromUs && each.fromUs < piece.toUs);
          const days = new Set(inside.map((each) => dayOf(each.fromUs)));
          if (days.size > 1) expect(inside.reduce((sum, each) => sum + each.rows, 0)).toBeLessThanOrEqual(40);
        }
      },
    ),
  );
});
