import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { missingTicks } from './missing-ticks.ts';
import { type ComparableTick, tickKey } from './tick-key.ts';

const gap = { fromUs: 10_000, toUs: 30_000 };
/** Few times and prices, so that equal ticks are common; a fifth lie outside the gap. */
const tick = fc.record({
  ts: fc.integer({ min: 8, max: 31 }).map((ms) => ms * 1000),
  utc_offset_s: fc.constant(7200),
  bid: fc.constantFrom(1.1, 1.2),
  ask: fc.constantFrom(1.2, 1.2 + 1e-11),
  last: fc.constantFrom(null, 0),
});
const ticks = fc.array(tick, { maxLength: 60 });
const inGap = (list: readonly ComparableTick[]): ComparableTick[] =>
  list.filter(({ ts }) => ts >= gap.fromUs && ts < gap.toUs);
const count = (list: readonly ComparableTick[]): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const each of inGap(list)) counts.set(tickKey(each), (counts.get(tickKey(each)) ?? 0) + 1);
  return counts;
};

describe('what history adds', () => {
  test('makes the gap hold the larger count of each tick, and nothing outside it', () => {
    fc.assert(
      fc.property(ticks, ticks, (stored, history) => {
        const missing = missingTicks({ stored, history, gap });
        expect(inGap(missing)).toEqual(missing);
        const was = count(stored);
        const is = count([...stored, ...missing]);
        const told = count(history);
        for (const key of new Set([...was.keys(), ...told.keys(), ...is.keys()]))
          expect(is.get(key) ?? 0).toBe(Math.max(was.get(key) ?? 0, told.get(key) ?? 0));
      }),
      { numRuns: 3000 },
    );
  });

  test('is nothing the second time, and the rest after a part of it was written', () => {
    fc.assert(
      fc.property(ticks, ticks, fc.nat(), (stored, history, cut) => {
        const missing = missingTicks({ stored, history, gap });
        expect(missingTicks({ stored: [...stored, ...missing], history, gap })).toEqual([]);
        const part = missing.slice(0, cut % (missing.length + 1));
        const rest = missingTicks({ stored: [...stored, ...part], history, gap });
        expect(count([...stored, ...part, ...rest])).toEqual(count([...stored, ...missing]));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the key of a tick', () => {
  const base = { ts: 1_000_000, utc_offset_s: 7200, bid: 1.1, ask: 1.2, last: null, volume: null };
  test('is the broker’s millisecond, whatever the offset that was applied', () => {
    expect(tickKey({ ...base, ts: base.ts - 3_600_000_000, utc_offset_s: 10_800 })).toBe(tickKey(base));
    expect(tickKey({ ...base, ts: base.ts + 1000 })).not.toBe(tickKey(base));
    expect(tickKey({ ...base, utc_offset_s: null })).not.toBe(tickKey({ ...base, utc_offset_s: 0 }));
  });

  test('tells prices apart at 8 decimals and no further; absent and zero are one for last and volume alone', () => {
    expect(tickKey({ ...base, bid: 1.1 + 4e-10 })).toBe(tickKey(base));
    expect(tickKey({ ...base, bid: 1.1 + 1e-8 })).not.toBe(tickKey(base));
    expect(tickKey({ ...base, last: 0, volume: -0 })).toBe(tickKey(base));
    expect(tickKey({ ...base, last: undefined, volume: Number.NaN })).toBe(tickKey(base));
    expect(tickKey({ ...base, bid: 0 })).not.toBe(tickKey({ ...base, bid: null }));
    expect(tickKey({ ...base, bid: -0 })).toBe(tickKey({ ...base, bid: 0 }));
    expect(tickKey({ ...base, last: 1.1 })).not.toBe(tickKey({ ...base, volume: 1.1 }));
  });
});
