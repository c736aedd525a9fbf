// The fair share: its sum is exact, every process computes the same, and it is even over many accounts.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fairShare } from './fair-share.ts';

const members = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 12 });

test('all shares together are the slots, and no two differ by more than one', () => {
  fc.assert(
    fc.property(fc.string(), members, fc.integer({ min: 1, max: 40 }), (account, all, slots) => {
      const shares = all.map((member) => fairShare(account, member, all.toReversed(), slots));
      expect(shares.reduce((a, b) => a + b, 0)).toBe(slots);
      expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
    }),
  );
});

test('a member that the list does not show yet counts itself', () => {
  expect(fairShare('one', 'a', [], 3)).toBe(3);
  expect([fairShare('one', 'a', ['b'], 3), fairShare('one', 'b', ['a'], 3)].reduce((a, b) => a + b)).toBe(3);
});

test('four processes share fifty accounts about evenly', () => {
  const all = ['m1', 'm2', 'm3', 'm4'];
  const totals = all.map((member) =>
    Array.from({ length: 50 }, (_, n) => fairShare(`account-${n}`, member, all, 3)).reduce((a, b) => a + b),
  );
  expect(totals.reduce((a, b) => a + b)).toBe(150);
  for (const total of totals) expect(Math.abs(total - 37.5)).toBeLessThan(12);
});
