import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ClockRuleError, composeRule, defaultRule, fixedRule, parseClockRule } from './parse-clock-rule.ts';
import { brokerMs, utcMs } from './time.ts';

const MOVED = 'Europe/Athens until 2025-06-07T12:00Z then America/New_York+7h';

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

  test('the hour that occurs twice has two readings, the skipped hour none', () => {
    const rule = parseClockRule('America/New_York+7h');
    const twice = brokerMs(Date.UTC(2026, 10, 1, 8, 30));
    const first = rule.read(twice, { fold: 1 });
    const second = rule.read(twice, { fold: 2 });
    expect([first.occurrence, second.occurrence]).toEqual(['twice', 'twice']);
    expect(second.ms - first.ms).toBe(3_600_000);
    expect(rule.read(twice, { utcMs: second.ms + 5000 }).fold).toBe(2);
    expect(rule.read(twice, { utcMs: first.ms - 5000 }).fold).toBe(1);
    expect(rule.read(brokerMs(Date.UTC(2026, 2, 8, 9, 30)), { fold: 1 }).occurrence).toBe('never');
    // Nothing was received before it was: nearer, and of the future.
    expect(rule.read(twice, { recvMs: second.ms - 20 * 60_000 }).fold).toBe(1);
    expect(rule.read(twice, { recvMs: second.ms - 30_000 }).fold).toBe(2);
    expect(rule.read(twice, { recvMs: second.ms + 20 * 60_000 }).fold).toBe(2);
    expect(rule.read(twice, { recvMs: first.ms - 20 * 60_000 }).fold).toBe(1);
  });

  test('the plain path never answers within a day of a switch, and agrees with the careful one elsewhere', () => {
    for (const text of ['America/New_York+7h', MOVED]) {
      const rule = parseClockRule(text);
      fc.assert(
        fc.property(fc.integer({ min: Date.UTC(2001, 0, 1), max: Date.UTC(2037, 11, 1) }), (broker) => {
          const plain = rule.offsetIfPlain(brokerMs(broker));
          if (plain !== null) expect(rule.offsetAt(broker - plain * 1000)).toBe(plain);
        }),
        { numRuns: 20_000 },
      );
      expect(rule.offsetIfPlain(brokerMs(Date.UTC(2026, 10, 1, 8, 30)))).toBeNull();
    }
  });

  test('today’s offset chooses New York + 7 h, then Athens, then the bare offset', () => {
    const winter = utcMs(Date.UTC(2026, 11, 1));
    const march = utcMs(Date.UTC(2026, 2, 20));
    expect(defaultRule(7200, winter).id).toBe('America/New_York+7h');
    expect(defaultRule(7200, march).id).toBe('Europe/Athens');
    expect(defaultRule(10_800, march).id).toBe('America/New_York+7h');
    expect(defaultRule(10_800, winter).id).toBe('UTC+3h');
    expect(fixedRule(0).id).toBe('UTC');
    expect(defaultRule(7230, winter).id).toBe('America/New_York+7h');
    for (const noClock of [8000, 54_000, -1_782_000_000])
      expect(defaultRule(noClock, winter).id).toBe('America/New_York+7h');
  });

  test.each([
    '',
    'America',
    'Mars/Olympus',
    'UTC+99h',
    'America/New_York+7',
    'utc +3h',
    'UTC+1h75m',
    'UTC until 2025-02-30T00:00Z then UTC+1h',
    'UTC until 2025-06-07 then UTC+1h',
    'UTC until 2025-06-07T12:00:30Z then UTC+1h',
    'UTC until 2025-06-07T12:00Z then UTC+1h until 2025-06-07T12:00Z then UTC',
    'UTC until 2025-06-07T12:00Z',
    'UTC until 2025-06-07T12:00Z then UTC+3h then UTC',
  ])('refuses %j', (text) => {
    expect(() => parseClockRule(text)).toThrow(ClockRuleError);
  });
});

describe('rules of a broker that moved', () => {
  test('each instant has the rule of then', () => {
    const rule = parseClockRule(MOVED);
    expect(rule.id).toBe(MOVED);
    expect(rule.offsetAt(Date.UTC(2025, 2, 20))).toBe(7200);
    expect(rule.offsetAt(Date.UTC(2026, 2, 20))).toBe(10_800);
    expect(rule.pieceAt(Date.UTC(2025, 5, 7, 11, 59))).toBe('Europe/Athens');
    expect(rule.pieceAt(Date.UTC(2025, 5, 7, 12))).toBe('America/New_York+7h');
    // The move itself changes nothing: both stand three hours before UTC in June.
    const moves = rule.switchesBetween(Date.UTC(2025, 4, 1), Date.UTC(2025, 6, 1));
    expect(moves).toEqual([]);
  });

  test('a move that sets the clock is a switch like any other', () => {
    const rule = parseClockRule('UTC+2h until 2025-07-05T12:00Z then America/New_York+7h');
    expect(rule.switchesBetween(Date.UTC(2025, 6, 1), Date.UTC(2025, 7, 1))).toEqual([
      { utcMs: Date.UTC(2025, 6, 5, 12), beforeS: 7200, afterS: 10_800 },
    ]);
    expect(rule.read(brokerMs(Date.UTC(2025, 6, 5, 14, 30)), { fold: 1 }).occurrence).toBe('never');
    const back = parseClockRule('UTC+3h until 2025-07-05T12:00Z then UTC+2h');
    expect(back.repeatedHourAt(brokerMs(Date.UTC(2025, 6, 5, 14, 30)))).toMatchObject({
      firstS: 10_800,
      secondS: 7200,
    });
  });

  test('one spelling, one object; a move to the same rule is none', () => {
    expect(parseClockRule(' Europe/Athens  until 2025-06-07T12:00:00Z then America/New_York+7h')).toBe(
      parseClockRule(MOVED),
    );
    const pieces = parseClockRule(MOVED).pieces;
    expect(composeRule(pieces)).toBe(parseClockRule(MOVED));
    expect(parseClockRule('UTC+0h until 2025-06-07T12:00Z then UTC')).toBe(parseClockRule('UTC'));
  });
});
