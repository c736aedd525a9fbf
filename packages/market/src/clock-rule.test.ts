import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ClockRuleError, defaultRule, fixedRule, parseClockRule } from './clock-rule.ts';
import { brokerMs, utcMs } from './time.ts';
import { platformOffset } from './zone-transitions.ts';

const YEARS = { min: Date.UTC(2001, 0, 1), max: Date.UTC(2037, 11, 1) };
const ZONES = [
  'America/New_York+7h',
  'Europe/Athens',
  'Europe/London',
  'UTC+3h',
  'UTC-2h30m',
  'Australia/Sydney',
];

describe('clock rules', () => {
  test('New York + 7 h stands three hours before UTC in summer and two in winter', () => {
    const rule = parseClockRule('America/New_York+7h');
    expect(rule.offsetAt(Date.UTC(2026, 6, 1))).toBe(10_800);
    expect(rule.offsetAt(Date.UTC(2026, 11, 1))).toBe(7200);
    expect(rule.offsetAt(Date.UTC(2026, 2, 8, 6, 59, 59))).toBe(7200);
    expect(rule.offsetAt(Date.UTC(2026, 2, 8, 7, 0, 0))).toBe(10_800);
  });

  test('it is not Eastern European time for some weeks of the year', () => {
    const newYork = parseClockRule('America/New_York+7h');
    const athens = parseClockRule('Europe/Athens');
    const inMarch = Date.UTC(2026, 2, 20);
    expect(newYork.offsetAt(inMarch) - athens.offsetAt(inMarch)).toBe(3600);
  });

  test('every instant agrees with the platform, at and around every switch too', () => {
    for (const text of ['America/New_York', 'Europe/Athens', 'Australia/Sydney']) {
      const rule = parseClockRule(text);
      const offset = platformOffset(text);
      fc.assert(
        fc.property(fc.integer(YEARS), (utc) => rule.offsetAt(utc) === offset(utc)),
        { numRuns: 2000 },
      );
    }
  });

  test('UTC to broker and back is the same instant when the pass is told by a near time', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...ZONES),
        fc.integer(YEARS),
        fc.integer({ min: -600_000, max: 600_000 }),
        (text, utc, off) => {
          const rule = parseClockRule(text);
          const reading = rule.read(rule.toBroker(utcMs(utc)), { utcMs: utc + off });
          expect(reading.ms).toBe(utc);
          expect(reading.occurrence).not.toBe('never');
        },
      ),
      { numRuns: 20_000 },
    );
  });

  test('the hour that occurs twice has two readings, the skipped hour none', () => {
    const rule = parseClockRule('America/New_York+7h');
    const twice = brokerMs(Date.UTC(2026, 10, 1, 8, 30));
    const first = rule.read(twice, { pass: 1 });
    const second = rule.read(twice, { pass: 2 });
    expect([first.occurrence, second.occurrence]).toEqual(['twice', 'twice']);
    expect(second.ms - first.ms).toBe(3_600_000);
    expect(rule.read(twice, { utcMs: second.ms + 5000 }).pass).toBe(2);
    expect(rule.read(twice, { utcMs: first.ms - 5000 }).pass).toBe(1);
    expect(rule.read(brokerMs(Date.UTC(2026, 2, 8, 9, 30)), { pass: 1 }).occurrence).toBe('never');
  });

  test('the plain path never answers within a day of a switch, and agrees with the careful one elsewhere', () => {
    const rule = parseClockRule('America/New_York+7h');
    fc.assert(
      fc.property(fc.integer(YEARS), (broker) => {
        const plain = rule.offsetIfPlain(brokerMs(broker));
        if (plain !== null) expect(rule.offsetAt(broker - plain * 1000)).toBe(plain);
      }),
      { numRuns: 20_000 },
    );
    expect(rule.offsetIfPlain(brokerMs(Date.UTC(2026, 10, 1, 8, 30)))).toBeNull();
  });

  test('today’s offset chooses New York + 7 h, then Athens, then the bare offset', () => {
    const winter = utcMs(Date.UTC(2026, 11, 1));
    const march = utcMs(Date.UTC(2026, 2, 20));
    expect(defaultRule(7200, winter).id).toBe('America/New_York+7h');
    expect(defaultRule(7200, march).id).toBe('Europe/Athens');
    expect(defaultRule(10_800, march).id).toBe('America/New_York+7h');
    expect(defaultRule(10_800, winter).id).toBe('UTC+3h');
    expect(fixedRule(0).id).toBe('UTC');
  });

  test.each(['', 'America', 'Mars/Olympus', 'UTC+99h', 'America/New_York+7', 'utc +3h', 'UTC+1h75m'])(
    'refuses %j',
    (text) => {
      expect(() => parseClockRule(text)).toThrow(ClockRuleError);
    },
  );
});
