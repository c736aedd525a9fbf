import { expect, test } from 'vitest';
import { inHand } from './in-hand.ts';

test('all accounts together hold as much as one, and each enough for a request', () => {
  const one = inHand(1);
  expect(inHand(0)).toEqual(one);
  for (const accounts of [1, 2, 3, 8, 16, 40]) {
    const { maxBytes, maxLines } = inHand(accounts);
    expect(accounts * maxLines).toBeLessThanOrEqual(one.maxLines);
    expect(accounts * maxBytes).toBeLessThanOrEqual(one.maxBytes);
  }
  expect(inHand(500)).toEqual({ maxLines: 500, maxBytes: 128 * 1024 });
});
