import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { intersect, type Range, subtract, unite } from './ranges.ts';

const SPAN = 40;
/** Ranges over a few instants, empty and backward ones included, so that every instant can be looked at. */
const ranges = fc.array(
  fc.record({ fromUs: fc.integer({ min: 0, max: SPAN }), toUs: fc.integer({ min: 0, max: SPAN }) }),
  { maxLength: 12 },
);
const instants = (of: readonly Range[]): Set<number> => {
  const set = new Set<number>();
  for (const { fromUs, toUs } of of) for (let at = fromUs; at < toUs; at++) set.add(at);
  return set;
};
/** The one list of ranges for a set of instants. */
const listOf = (set: ReadonlySet<number>): Range[] => {
  const list: Range[] = [];
  for (let at = 0; at <= SPAN; at++) {
    if (!set.has(at)) continue;
    const fromUs = at;
    while (set.has(at)) at++;
    list.push({ fromUs, toUs: at });
  }
  return list;
};

describe('ranges against a set of instants', () => {
  test('unite, subtract and intersect give the one tidy list of their set', () => {
    fc.assert(
      fc.property(ranges, ranges, (a, b) => {
        const inA = instants(a);
        const inB = instants(b);
        expect(unite(a)).toEqual(listOf(inA));
        expect(subtract(a, b)).toEqual(listOf(new Set([...inA].filter((at) => !inB.has(at)))));
        expect(intersect(a, b)).toEqual(listOf(new Set([...inA].filter((at) => inB.has(at)))));
      }),
      { numRuns: 5000 },
    );
  });

  test('what was wanted is what was taken and what is left', () => {
    fc.assert(
      fc.property(ranges, ranges, (wanted, taken) => {
        const left = subtract(wanted, taken);
        expect(unite([...left, ...intersect(wanted, taken)])).toEqual(unite(wanted));
        expect(intersect(left, taken)).toEqual([]);
        expect(subtract(left, taken)).toEqual(left);
      }),
    );
  });

  test('what came in is left as it was', () => {
    const frozen = [Object.freeze({ fromUs: 0, toUs: 5 }), Object.freeze({ fromUs: 3, toUs: 9 })];
    expect(unite(frozen)).toEqual([{ fromUs: 0, toUs: 9 }]);
    expect(frozen[0]).toEqual({ fromUs: 0, toUs: 5 });
  });
});

test('a hundred thousand holes are subtracted from one range at once', () => {
  const holes = Array.from({ length: 100_000 }, (_, i) => ({ fromUs: i * 10, toUs: i * 10 + 9 }));
  const left = subtract([{ fromUs: 0, toUs: 1_000_000 }], holes.toReversed());
  expect(left).toHaveLength(100_000);
  expect(left[1]).toEqual({ fromUs: 19, toUs: 20 });
});
