import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseClockRule } from '../time/parse-clock-rule.ts';
import { intersect } from '../time/ranges.ts';
import { type HourCount, learnBand } from './tick-band.ts';
import { undercount } from './undercount.ts';

const MINUTE = 60_000_000;
const HOUR = 60 * MINUTE;
const WEEK = 168 * HOUR;
const rule = parseClockRule('America/New_York+7h');
const T = Date.UTC(2026, 5, 22, 10) * 1000;
const weeks = (shares: readonly number[], broker = 6000): HourCount[] =>
  shares.map((share, i) => ({ fromUs: T - (i + 1) * WEEK, stored: Math.round(share * broker), broker }));

describe('the band of a symbol', () => {
  test('is a little below what was usual at this hour of the week', () => {
    const band = learnBand(weeks([1, 1, 1, 1]), rule);
    expect(band(T)?.low).toBeCloseTo(0.95);
    expect(band(T + 59 * MINUTE)?.low).toBeCloseTo(0.95);
    expect(band(T + HOUR)).toBeNull();
    expect(learnBand(weeks([0.7, 0.71, 0.69, 0.7]), rule)(T)?.low).toBeLessThan(0.665);
  });

  test('is not lowered by a week with an outage, and is unknown from too little', () => {
    expect(learnBand(weeks([1, 0.2, 1, 1, 1]), rule)(T)?.low).toBeCloseTo(0.95);
    expect(learnBand(weeks([1, 1]), rule)(T)).toBeNull();
    expect(learnBand(weeks([1, 1, 1, 1], 30), rule)(T)).toBeNull();
    expect(learnBand([], rule)(T)).toBeNull();
  });

  test('follows the broker’s week over a switch of the clock', () => {
    const november = Date.UTC(2026, 10, 9, 10) * 1000;
    const samples = [2, 3, 4].map((i) => ({ fromUs: november - i * WEEK - HOUR, stored: 900, broker: 1000 }));
    const band = learnBand(samples, rule);
    expect(band(november)?.low).toBeCloseTo(0.855);
    expect(band(november - HOUR)).toBeNull();
  });

  test('is a share between nothing and the usual one', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 2, noNaN: true }), { minLength: 3, maxLength: 12 }),
        (shares) => {
          const low = learnBand(weeks(shares), rule)(T)?.low ?? Number.NaN;
          expect(low).toBeGreaterThanOrEqual(0);
          expect(low).toBeLessThanOrEqual(Math.max(...shares));
        },
      ),
    );
  });
});

describe('undercount', () => {
  const minute = (i: number, stored: number, broker: number) => ({ fromUs: T + i * MINUTE, stored, broker });
  const all = () => ({ low: 0.95 });
  const range = (from: number, to: number) => ({ fromUs: T + from * MINUTE, toUs: T + to * MINUTE });

  test('no tick where the broker has five is a shortfall, whatever is usual', () => {
    const minutes = [minute(0, 0, 4), minute(1, 0, 5), minute(2, 1, 5), minute(3, 0, 0)];
    expect(undercount({ minutes, band: () => null, gaps: [] })).toEqual([range(1, 2)]);
  });

  test('below the band by more than chance is one, adjacent minutes are one range', () => {
    const minutes = [
      minute(0, 60, 60),
      minute(1, 30, 60),
      minute(2, 0, 60),
      minute(3, 20, 60),
      minute(4, 58, 60),
      minute(5, 10, 60),
    ];
    expect(undercount({ minutes, band: all, gaps: [] })).toEqual([range(1, 4), range(5, 6)]);
    expect(undercount({ minutes, band: () => null, gaps: [] })).toEqual([range(2, 3)]);
  });

  test('a tick or two, or what chance explains, is none', () => {
    const minutes = [minute(0, 52, 60), minute(1, 3, 6), minute(2, 9, 12)];
    expect(undercount({ minutes, band: all, gaps: [] })).toEqual([]);
    expect(undercount({ minutes: [minute(0, 40, 100)], band: () => ({ low: 0.5 }), gaps: [] })).toEqual([]);
    expect(undercount({ minutes: [minute(0, 30, 100)], band: () => ({ low: 0.5 }), gaps: [] })).toEqual([
      range(0, 1),
    ]);
    expect(undercount({ minutes: [minute(0, 80, 60)], band: () => ({ low: 1.2 }), gaps: [] })).toEqual([]);
  });

  test('minutes that a gap touches are left out, and part what lies on either side', () => {
    const minutes = [0, 1, 2, 3, 4].map((i) => minute(i, 0, 60));
    const gap = { fromUs: T + 2.4 * MINUTE, toUs: T + 2.6 * MINUTE };
    expect(undercount({ minutes, band: all, gaps: [gap] })).toEqual([range(0, 2), range(3, 5)]);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 60 })), {
          maxLength: 30,
        }),
        fc.array(fc.tuple(fc.integer({ min: 0, max: 1800 }), fc.integer({ min: 1, max: 300 })), {
          maxLength: 5,
        }),
        (counts, holes) => {
          const gaps = holes.map(([from, s]) => ({ fromUs: T + from * 1e6, toUs: T + (from + s) * 1e6 }));
          const found = undercount({
            minutes: counts.map(([stored, broker], i) => minute(i, stored, broker)),
            band: all,
            gaps,
          });
          expect(intersect(found, gaps)).toEqual([]);
          for (const { fromUs, toUs } of found) expect((toUs - fromUs) % MINUTE).toBe(0);
        },
      ),
    );
  });
});
