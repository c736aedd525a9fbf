import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DURATION, durationMs, formatDuration } from './duration.ts';

test('what is printed is read back to the same', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 999_999 }),
      fc.constantFrom('s', 'm', 'h', 'd', 'w'),
      (count, unit) => {
        const ms = durationMs(`${count}${unit}`);
        expect(ms).not.toBeNull();
        expect(durationMs(formatDuration(ms ?? 0))).toBe(ms);
      },
    ),
  );
});

test.for(['0d', '', '7', 'd', '1.5h', '-3d', '1 d', '30D', '9999999d'])('refuses "%s"', (text) => {
  expect(durationMs(text)).toBeNull();
  expect(DURATION.test(text)).toBe(false);
});
