import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseClockRule } from './parse-clock-rule.ts';
import { type BrokerMs, brokerMs, utcMs } from './time.ts';
import { barEndOf, barEndUtcMs, barOpenOf, closedUntil } from './timeframe-grid.ts';

const NINE = ['M1', 'M5', 'M15', 'M30', 'H1', 'H4', 'D1', 'W1', 'MN1'];
const at = (text: string): BrokerMs => brokerMs(Date.parse(`${text}Z`));
const show = (ms: number): string => new Date(ms).toISOString().slice(0, 19);
const broker = fc.integer({ min: Date.UTC(1965, 0), max: Date.UTC(2040, 0) }).map(brokerMs);
const RULES = ['America/New_York+7h', 'Europe/Athens', 'Europe/London', 'UTC+3h'];

describe('the grid', () => {
  test('each time lies in one bar, and the next one begins where it ends', () => {
    fc.assert(
      fc.property(fc.constantFrom(...NINE), broker, (timeframe, time) => {
        const open = barOpenOf(timeframe, time);
        const end = barEndOf(timeframe, open);
        expect(open).toBeLessThanOrEqual(time);
        expect(end).toBeGreaterThan(time);
        expect(barOpenOf(timeframe, open)).toBe(open);
        expect(barOpenOf(timeframe, end)).toBe(end);
        expect(barOpenOf(timeframe, brokerMs(end - 1))).toBe(open);
      }),
      { numRuns: 5000 },
    );
  });

  test('weeks begin on Sunday, months on the first, four hours at midnight', () => {
    expect(show(barOpenOf('W1', at('2026-06-24T12:00:00')))).toBe('2026-06-21T00:00:00');
    expect(show(barOpenOf('MN1', at('2026-02-28T23:59:59')))).toBe('2026-02-01T00:00:00');
    expect(show(barEndOf('MN1', at('2026-12-01T00:00:00')))).toBe('2027-01-01T00:00:00');
    expect(show(barOpenOf('H4', at('2026-06-24T23:00:00')))).toBe('2026-06-24T20:00:00');
    expect(() => barOpenOf('M2', at('2026-06-24T23:00:00'))).toThrow(RangeError);
  });

  test('the day of a switch is 23 or 25 hours long', () => {
    const rule = parseClockRule('America/New_York+7h');
    const hours = (day: string): number => {
      const open = rule.read(at(day), { fold: 1 }).ms;
      return (barEndUtcMs('D1', open, rule) - open) / 3_600_000;
    };
    expect(
      ['2026-03-07', '2026-03-08', '2026-11-01', '2026-11-02'].map((d) => hours(`${d}T00:00:00`)),
    ).toEqual([24, 23, 25, 24]);
  });

  test('minutes of the repeated hour end where the next one of their fold begins', () => {
    const rule = parseClockRule('America/New_York+7h');
    const open = at('2026-11-01T08:30:00');
    for (const fold of [1, 2] as const) {
      const { ms } = rule.read(open, { fold });
      expect(barEndUtcMs('M1', ms, rule) - ms).toBe(60_000);
    }
    const last = rule.read(at('2026-11-01T08:59:00'), { fold: 2 }).ms;
    expect(barEndUtcMs('M1', last, rule) - last).toBe(60_000);
  });
});

describe('what can be closed', () => {
  test('it is an open of the grid, two minutes or more ago, and less than a bar and two minutes where the clock runs plainly', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...RULES),
        fc.constantFrom(...NINE),
        fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2030, 0) }),
        (text, timeframe, now) => {
          const rule = parseClockRule(text);
          const until = closedUntil(timeframe, rule.toBroker(utcMs(now)), rule) / 1000;
          expect(until).toBeLessThanOrEqual(now - 120_000);
          const open = rule.toBroker(utcMs(until));
          const isPlain = rule.read(open, { fold: 1 }).occurrence === 'once';
          if (isPlain) expect(barOpenOf(timeframe, open)).toBe(open);
          const end = barEndUtcMs(timeframe, until, rule);
          if (rule.switchesBetween(until - 7_200_000, now + 7_200_000).length === 0)
            expect(end).toBeGreaterThan(now - 120_000);
        },
      ),
      { numRuns: 5000 },
    );
  });

  test('it never runs back, not in the repeated hour either', () => {
    const rule = parseClockRule('America/New_York+7h');
    for (const timeframe of NINE) {
      let before = 0;
      for (let now = Date.UTC(2026, 10, 1, 3); now < Date.UTC(2026, 10, 1, 9); now += 30_000) {
        const until = closedUntil(timeframe, rule.toBroker(utcMs(now)), rule);
        // While the second fold lasts the wall clock cannot be told from the first: it may wait, and says less again.
        if (rule.read(rule.toBroker(utcMs(now)), { fold: 1 }).occurrence === 'twice') continue;
        expect(until).toBeGreaterThanOrEqual(before);
        before = until;
      }
    }
  });
});
