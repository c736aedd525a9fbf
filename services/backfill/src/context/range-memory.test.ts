import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RangeMemory, type SpanLimits } from './range-memory.ts';

const bars: SpanLimits = { startUs: 20_000, minUs: 60, maxUs: 50_000, rowUs: 1 };
const deals: SpanLimits = { startUs: 20_000, minUs: 60, maxUs: 50_000, rowUs: null };

test('a time-out halves, down to the minimum; answers grow, but stay short of what failed', () => {
  const memory = new RangeMemory();
  expect(memory.spanUs('a', bars)).toBe(20_000);
  for (let i = 0; i < 20; i++) memory.tooMuch('a', bars, memory.spanUs('a', bars));
  expect(memory.spanUs('a', bars)).toBe(60);
  expect(memory.spanUs('another', bars)).toBe(20_000);
  for (let i = 0; i < 100; i++) memory.answered('a', bars, memory.spanUs('a', bars), 10);
  expect(memory.spanUs('a', bars)).toBe(50_000);
});

test('the size that failed is not tried with every second request', () => {
  const memory = new RangeMemory();
  let failures = 0;
  const limit = 15_000;
  for (let i = 0; i < 200; i++) {
    const spanUs = memory.spanUs('a', bars);
    if (spanUs > limit) {
      failures += 1;
      memory.tooMuch('a', bars, spanUs);
    } else memory.answered('a', bars, spanUs, spanUs - 7);
  }
  expect(failures).toBeLessThan(15);
  expect(memory.spanUs('a', bars)).toBeGreaterThan(limit / 4);
});

/** A month of one symbol after another, each range as a job asks for it, halved where it runs into a time-out. Out: how many requests. */
function requests(o: { limitUs: number; chance: number; random: () => number }): {
  made: number;
  memory: RangeMemory;
} {
  const memory = new RangeMemory();
  let made = 0;
  for (let job = 0; job < 60; job++) {
    let halved = Number.POSITIVE_INFINITY;
    for (let at = 0; at < 10_080; ) {
      const asked = Math.min(memory.spanUs('a', bars), 10_080 - at, halved);
      made += 1;
      if (asked > o.limitUs || o.random() < o.chance) {
        memory.tooMuch('a', bars, asked);
        halved = Math.max(bars.minUs, Math.floor(asked / 2));
      } else {
        memory.answered('a', bars, asked, asked - 1);
        halved = Number.POSITIVE_INFINITY;
        at += asked;
      }
    }
  }
  return { made, memory };
}

test('time-outs at random cost about as many requests as there are of them', () => {
  const seed = Date.now() % 1_000_000;
  let state = seed;
  const random = (): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 0x80000000;
  };
  const ideal = requests({ limitUs: 12_000, chance: 0, random }).made;
  expect(ideal).toBe(60);
  const runs = Array.from({ length: 20 }, () => requests({ limitUs: 12_000, chance: 0.05, random }));
  const average = runs.reduce((sum, { made }) => sum + made, 0) / runs.length;
  expect(average, `seed ${seed}`).toBeLessThan(1.4 * ideal);
  // However many there were, no size that works is forgotten for long.
  for (const { memory } of runs) expect(memory.spanUs('a', bars), `seed ${seed}`).toBeGreaterThan(2000);
});

test('a terminal that takes less from now on is asked for less, after the second time', () => {
  const memory = new RangeMemory();
  for (let i = 0; i < 3; i++) memory.answered('a', bars, memory.spanUs('a', bars), 10);
  const worked = memory.spanUs('a', bars);
  memory.tooMuch('a', bars, worked);
  expect(memory.spanUs('a', bars)).toBe(worked);
  memory.answered('a', bars, worked / 2, 10);
  memory.tooMuch('a', bars, worked);
  expect(memory.spanUs('a', bars)).toBe(worked / 2);
});

test('a terminal that answers nothing for a while has not become smaller', () => {
  const memory = new RangeMemory();
  for (let i = 0; i < 3; i++) memory.answered('a', bars, memory.spanUs('a', bars), 10);
  const worked = memory.spanUs('a', bars);
  for (let asked = worked; asked > bars.minUs; asked = Math.floor(asked / 2))
    memory.tooMuch('a', bars, asked);
  expect(memory.spanUs('a', bars)).toBe(worked);
});

test('an answer for a part of the span does not make it grow', () => {
  const memory = new RangeMemory();
  memory.answered('a', bars, 500, 499);
  expect(memory.spanUs('a', bars)).toBe(20_000);
});

test('after a cut a request of bars cannot hold as many rows, one of deals is half as long', () => {
  const memory = new RangeMemory();
  memory.truncated('a', bars, 700);
  expect(memory.spanUs('a', bars)).toBe(699);
  for (let i = 0; i < 50; i++) memory.answered('a', bars, memory.spanUs('a', bars), 600);
  expect(memory.spanUs('a', bars)).toBe(699);
  // A longer answer shows that they are not cut there.
  memory.answered('a', bars, 699, 701);
  expect(memory.spanUs('a', bars)).toBeGreaterThan(699);
  memory.truncated('b', deals, 700);
  expect(memory.spanUs('b', deals)).toBe(10_000);
});

test('long, round, capped and repeated sizes may be cut; small odd ones are not doubted', () => {
  const memory = new RangeMemory();
  expect(memory.maybeCut('a', bars, 1001, 0.01)).toBe(true);
  expect(memory.maybeCut('a', bars, 350, 0.01)).toBe(true);
  expect(memory.maybeCut('a', bars, 777, 0.5)).toBe(true);
  expect(memory.maybeCut('a', bars, 777, 0.1)).toBe(false);
  memory.answered('a', bars, 1440, 777);
  expect(memory.maybeCut('a', bars, 777, 0.1)).toBe(false);
  memory.answered('a', bars, 1440, 777);
  expect(memory.maybeCut('a', bars, 777, 0.1)).toBe(true);
  expect(memory.maybeCut('a', bars, 776, 0.1)).toBe(false);
  memory.truncated('a', bars, 500);
  expect(memory.maybeCut('a', bars, 776, 0.1)).toBe(true);
  expect(memory.maybeCut('a', bars, 0, 1)).toBe(false);
});

test('whatever happens, the span stays between its limits', () => {
  const event = fc.record({
    kind: fc.constantFrom('tooMuch', 'answered', 'truncated'),
    part: fc.double({ min: 0.01, max: 1, noNaN: true }),
    rows: fc.nat(60_000),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), fc.boolean(), (events, dense) => {
      const memory = new RangeMemory();
      const limits = dense ? bars : deals;
      for (const { kind, part, rows } of events) {
        const askedUs = Math.max(1, Math.floor(memory.spanUs('a', limits) * part));
        if (kind === 'tooMuch') memory.tooMuch('a', limits, askedUs);
        else if (kind === 'answered') memory.answered('a', limits, askedUs, rows);
        else memory.truncated('a', limits, rows);
        const spanUs = memory.spanUs('a', limits);
        expect(Number.isSafeInteger(spanUs)).toBe(true);
        expect(spanUs).toBeGreaterThanOrEqual(limits.minUs);
        expect(spanUs).toBeLessThanOrEqual(limits.maxUs);
      }
    }),
    { verbose: true },
  );
});
