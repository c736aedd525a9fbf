import fc from 'fast-check';
import { expect, test } from 'vitest';
import { systemClock } from './clock.ts';

test('nowUs is a whole number inside the millisecond of the wall clock, however that jumps', () => {
  const step = fc.record({
    elapsedMs: fc.double({ min: 0, max: 5, noNaN: true }),
    jumpMs: fc.integer({ min: -3_600_000, max: 3_600_000 }),
    jumps: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      let mono = 1000.25;
      let wall = 1_795_431_234_123.7;
      const clock = systemClock({ wallMs: () => Math.floor(wall), monoMs: () => mono });
      let last = { us: 0, jumped: true };
      for (const { elapsedMs, jumpMs, jumps } of steps) {
        mono += elapsedMs;
        wall += elapsedMs + (jumps ? jumpMs : 0);
        const us = clock.nowUs();
        expect(Number.isSafeInteger(us)).toBe(true);
        expect(Math.floor(us / 1000)).toBe(Math.floor(wall));
        if (!jumps && !last.jumped) expect(us).toBeGreaterThanOrEqual(last.us - 1);
        last = { us, jumped: jumps };
      }
    }),
  );
});

test('the digits below the millisecond move with the monotonic clock', () => {
  let mono = 0;
  const clock = systemClock({ wallMs: () => 1_000_000, monoMs: () => mono });
  const first = clock.nowUs();
  mono = 0.4;
  expect(clock.nowUs() - first).toBe(400);
});

test('the real clock', () => {
  const clock = systemClock();
  const before = Date.now();
  const us = clock.nowUs();
  expect(us / 1000).toBeGreaterThanOrEqual(before);
  expect(us / 1000).toBeLessThan(Date.now() + 1);
});
