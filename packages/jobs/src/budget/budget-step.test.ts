// The budget of an account as a law: never outside its limits, never more after a bad window, back to the top after good ones.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AnswerTally } from './answer-tally.ts';
import { type BudgetLimits, type Observed, slotsOf, stepBudget } from './budget-step.ts';

const limits: BudgetLimits = { minConcurrency: 1, maxConcurrency: 8 };
const seen = (o: Partial<Observed>): Observed => ({ answers: 20, slow: 0, timeouts: 0, busy: 0, ...o });

test('each kind of window', () => {
  expect(stepBudget(8, limits, seen({ busy: 1 }), true)).toEqual({ level: 4, reason: 'busy' });
  expect(stepBudget(8, limits, seen({ timeouts: 4 }), true)).toEqual({ level: 4, reason: 'timeouts' });
  expect(stepBudget(8, limits, seen({ timeouts: 3 }), true)).toEqual({ level: 8, reason: 'kept' });
  expect(stepBudget(4, limits, seen({ slow: 10 }), true)).toEqual({ level: 3, reason: 'slow' });
  expect(stepBudget(4, limits, seen({ slow: 9 }), true)).toEqual({ level: 5, reason: 'grew' });
  expect(stepBudget(4, limits, seen({}), false)).toEqual({ level: 4, reason: 'kept' });
  expect(stepBudget(4, limits, seen({ answers: 0 }), true)).toEqual({ level: 4, reason: 'kept' });
});

test('limits hold, bad windows never raise it, good ones bring it to the top', () => {
  const count = fc.integer({ min: 0, max: 50 });
  const window = fc
    .record({ ok: count, slow: count, timeouts: count, busy: count, waiting: fc.boolean() })
    .map((w) => ({ ...w, answers: w.ok + w.slow + w.timeouts + w.busy }));
  const bounds = fc
    .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 0, max: 20 }))
    .map(([min, more]): BudgetLimits => ({ minConcurrency: min, maxConcurrency: min + more }));
  fc.assert(
    fc.property(bounds, fc.array(window, { maxLength: 40 }), (given, windows) => {
      let level = given.maxConcurrency;
      for (const one of windows) {
        const next = stepBudget(level, given, one, one.waiting);
        expect(next.level).toBeGreaterThanOrEqual(given.minConcurrency);
        expect(next.level).toBeLessThanOrEqual(given.maxConcurrency);
        if (one.busy > 0) expect(next.level).toBeLessThanOrEqual(level);
        level = next.level;
      }
      for (let i = 0; i <= given.maxConcurrency; i += 1)
        level = stepBudget(level, given, seen({}), true).level;
      expect(slotsOf(level)).toBe(given.maxConcurrency);
    }),
  );
});

test('slow is measured against the usual time of that kind of request', () => {
  const tally = new AnswerTally();
  const add = (kind: string, ms: number, times: number) => {
    for (let i = 0; i < times; i += 1) tally.add({ kind, ms, result: 'ok' });
    return tally.take()?.slow;
  };
  expect(tally.take()).toBeNull();
  expect(add('deals', 4000, 20)).toBe(0);
  expect(add('bars', 200, 20)).toBe(0);
  expect(add('bars', 250, 20)).toBe(0);
  expect(add('bars', 900, 20)).toBe(20);
  // A terminal that stays slow is the usual one at last, and then nothing is slow.
  expect(add('bars', 900, 600)).toBeLessThan(600);
  expect(add('bars', 900, 20)).toBe(0);
  // Ten quick empty answers do not make the others slow.
  add('ticks', 900, 50);
  add('ticks', 5, 10);
  expect(add('ticks', 900, 20)).toBe(0);
  // Milliseconds are never slow.
  expect(add('quote', 2, 50)).toBe(0);
  expect(add('quote', 100, 50)).toBe(0);
  tally.add({ kind: 'bars', ms: 1, result: 'busy' });
  tally.add({ kind: 'bars', ms: 60_000, result: 'timeout' });
  expect(tally.take()).toEqual({ answers: 2, slow: 0, timeouts: 1, busy: 1 });
});
