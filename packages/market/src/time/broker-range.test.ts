import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { brokerDays, brokerRange } from './broker-range.ts';
import { parseClockRule } from './parse-clock-rule.ts';
import { brokerMs, parseBrokerTime, utcMs } from './time.ts';

const HOUR = 3_600_000;
const RULES = ['America/New_York+7h', 'Europe/Athens', 'Europe/London', 'UTC', 'UTC+3h', 'UTC-2h30m'];
/** UTC of the eight switches of two years, New York's and Europe's. */
const SWITCHES = [
  Date.UTC(2025, 2, 9, 7),
  Date.UTC(2025, 2, 30, 1),
  Date.UTC(2025, 9, 26, 1),
  Date.UTC(2025, 10, 2, 6),
  Date.UTC(2026, 2, 8, 7),
  Date.UTC(2026, 2, 29, 1),
  Date.UTC(2026, 9, 25, 1),
  Date.UTC(2026, 10, 1, 6),
];
const ms = (text: string): number => parseBrokerTime(text)?.ms ?? Number.NaN;
const us = (utc: number): number => utc * 1000;

/** A range near a switch, or anywhere in the two years, from a microsecond to days. */
const range = fc
  .tuple(
    fc.oneof(
      fc
        .tuple(fc.constantFrom(...SWITCHES), fc.integer({ min: -4 * 3600, max: 4 * 3600 }))
        .map(([at, offS]) => us(at + offS * 1000)),
      fc.integer({ min: Date.UTC(2025, 0), max: Date.UTC(2027, 0) }).map(us),
    ),
    fc.oneof(
      fc.integer({ min: 1, max: 5000 }),
      fc.integer({ min: 1, max: 5 * 3600 }).map((s) => s * 1_000_000),
      fc.integer({ min: 1, max: 400_000 }).map((s) => s * 1_000_000),
    ),
    fc.integer({ min: 0, max: 999_999 }),
  )
  .map(([from, length, off]) => ({ fromUs: from + off, toUs: from + off + length }));

describe('what is asked of the gateway', () => {
  test('every instant of the range is inside, whichever fold it is in and whichever the gateway reads', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...RULES),
        range,
        fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), {
          minLength: 8,
          maxLength: 8,
        }),
        (text, asked, places) => {
          const rule = parseClockRule(text);
          const { from, to } = brokerRange(asked, rule);
          const ends = [asked.fromUs, asked.toUs - 1, ...SWITCHES.flatMap((at) => [us(at) - 1, us(at)])];
          const inside = places.map((p) => asked.fromUs + Math.floor(p * (asked.toUs - asked.fromUs)));
          const first = brokerMs(ms(from));
          const last = brokerMs(ms(to));
          const begins = Math.max(...([1, 2] as const).map((fold) => rule.read(first, { fold }).ms));
          const finishes = Math.min(...([1, 2] as const).map((fold) => rule.read(last, { fold }).ms));
          const outside = [...ends, ...inside].filter((at) => {
            if (at < asked.fromUs || at >= asked.toUs) return false;
            const wall = at / 1000 + rule.offsetAt(at / 1000) * 1000;
            return wall < first || wall > last || at / 1000 < begins || at / 1000 > finishes;
          });
          expect(outside).toEqual([]);
        },
      ),
      { numRuns: 5000 },
    );
  });

  test('bounds are those of the range, to the second, wherever no switch is within an hour', () => {
    fc.assert(
      fc.property(fc.constantFrom(...RULES), range, (text, asked) => {
        const rule = parseClockRule(text);
        const near = rule.switchesBetween(asked.fromUs / 1000 - 2 * HOUR, asked.toUs / 1000 + 2 * HOUR);
        fc.pre(near.length === 0);
        const { from, to } = brokerRange(asked, rule);
        const fromMs = asked.fromUs / 1000;
        expect(ms(from)).toBe(Math.floor(fromMs / 1000) * 1000 + rule.offsetAt(fromMs) * 1000);
        const toMs = asked.toUs / 1000;
        expect(ms(to)).toBe(Math.ceil(toMs / 1000) * 1000 + rule.offsetAt(toMs) * 1000);
      }),
      { numRuns: 2000 },
    );
  });

  test('it is never widened by more than the hours around the one that a switch makes doubtful', () => {
    fc.assert(
      fc.property(fc.constantFrom(...RULES), range, (text, asked) => {
        const rule = parseClockRule(text);
        const { from, to } = brokerRange(asked, rule);
        const first = rule.read(brokerMs(ms(from)), { fold: 1 }).ms;
        const last = rule.read(brokerMs(ms(to)), { fold: 2 }).ms;
        const back = rule
          .switchesBetween(asked.fromUs / 1000 - 2 * HOUR, asked.toUs / 1000 + 2 * HOUR)
          .filter(({ beforeS, afterS }) => beforeS > afterS);
        const begins = Math.min(asked.fromUs / 1000, ...back.map(({ utcMs: at }) => at - 2 * HOUR));
        const finishes = Math.max(asked.toUs / 1000, ...back.map(({ utcMs: at }) => at + 2 * HOUR));
        expect(first).toBeGreaterThan(begins - 1000);
        // A bound that never occurs, read as if it did, is an hour on.
        expect(last).toBeLessThan(finishes + 1000 + HOUR);
      }),
      { numRuns: 2000 },
    );
  });

  test('a part of either fold is asked for with what stands around both', () => {
    const rule = parseClockRule('America/New_York+7h');
    const back = Date.UTC(2026, 10, 1, 6);
    const around = { from: '2026-11-01T07:00:00', to: '2026-11-01T10:00:00' };
    expect(brokerRange({ fromUs: us(back - HOUR / 2), toUs: us(back - HOUR / 4) }, rule)).toEqual(around);
    expect(brokerRange({ fromUs: us(back + HOUR / 4), toUs: us(back + HOUR / 2) }, rule)).toEqual(around);
    const until = { fromUs: us(back - 3 * HOUR), toUs: us(back - HOUR) };
    expect(brokerRange(until, rule)).toEqual({ from: '2026-11-01T06:00:00', to: '2026-11-01T08:00:00' });
    const since = { fromUs: us(back + HOUR), toUs: us(back + 2 * HOUR) };
    expect(brokerRange(since, rule)).toEqual({ from: '2026-11-01T09:00:00', to: '2026-11-01T10:00:00' });
  });

  test('a range up to the hour that never occurs ends where the clock goes on', () => {
    const rule = parseClockRule('America/New_York+7h');
    const forward = Date.UTC(2026, 2, 8, 7);
    const until = { fromUs: us(forward - HOUR), toUs: us(forward) };
    expect(brokerRange(until, rule)).toEqual({ from: '2026-03-08T08:00:00', to: '2026-03-08T10:00:00' });
  });

  test('days hold every instant, and no more', () => {
    fc.assert(
      fc.property(fc.constantFrom(...RULES), range, (text, asked) => {
        const rule = parseClockRule(text);
        const { from, to } = brokerDays(asked, rule);
        const day = (atUs: number): string =>
          new Date(rule.toBroker(utcMs(Math.floor(atUs / 1000)))).toISOString().slice(0, 10);
        expect(from).toBe(day(asked.fromUs));
        // Below a second nothing is asked for.
        expect([day(asked.toUs - 1), day(Math.ceil(asked.toUs / 1e6) * 1e6 - 1)]).toContain(to);
      }),
    );
    expect(
      brokerDays(
        { fromUs: us(Date.UTC(2026, 5, 1, 21)), toUs: us(Date.UTC(2026, 5, 2, 21)) },
        parseClockRule('UTC+3h'),
      ),
    ).toEqual({
      from: '2026-06-02',
      to: '2026-06-02',
    });
  });
});
