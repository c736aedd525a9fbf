// Sessions: what a broker tells, what days of bars show, what a calendar says of a stretch of time.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseClockRule } from '../time/parse-clock-rule.ts';
import { subtract } from '../time/ranges.ts';
import { brokerMs } from '../time/time.ts';
import { inferSessions } from './infer-sessions.ts';
import { judgeDay } from './judge-day.ts';
import { dateOf, SessionCalendar, type SessionRow } from './session-calendar.ts';
import {
  readStatedText,
  readStatedWeek,
  readWeek,
  type SessionWeek,
  spellWeek,
  spellWindows,
  WEEKDAYS,
  weekdayOf,
  type Window,
  type ObservedDay,
} from './session-week.ts';

const DAY = 86_400_000;
/** A Monday. */
const MONDAY = Date.UTC(2025, 10, 3);
const fx: Window[] = [[5, 1435]];
const told = (windows: Record<string, Window[]>): SessionWeek =>
  readStatedWeek(
    Object.entries(windows).flatMap(([day, list]) =>
      spellWindows(list).map(([from, to]) => ({ day, from, to })),
    ),
  ) as SessionWeek;
const week = told({ MONDAY: fx, TUESDAY: fx, WEDNESDAY: fx, THURSDAY: fx, FRIDAY: fx });
const between = (windows: readonly Window[], every = 1): number[] =>
  windows.flatMap(([from, to]) =>
    Array.from({ length: Math.ceil((to - from) / every) }, (_, i) => from + i * every),
  );
/** Days from MONDAY on, each with the windows of `of`. */
const days = (count: number, of: (midnight: number) => readonly Window[], every = 1): ObservedDay[] =>
  Array.from({ length: count }, (_, i) => MONDAY + i * DAY).map((midnightMs) => ({
    midnightMs,
    minutes: between(of(midnightMs), every),
  }));
const usual = (midnight: number): readonly Window[] => week.get(weekdayOf(midnight)) ?? [];
const odd = (found: ReturnType<typeof inferSessions>) =>
  found.days
    .filter(({ condition }) => condition !== 'ordinary')
    .map(({ condition, midnightMs, windows }) => [
      dateOf(brokerMs(midnightMs)),
      condition,
      spellWindows(windows),
    ]);

describe('what a broker tells', () => {
  test('is read as it stands, or not at all', () => {
    expect(week.get('SATURDAY')).toEqual([]);
    expect(readStatedWeek([{ day: 'FRIDAY', from: '00:01', to: '24:00' }])?.get('FRIDAY')).toEqual([
      [1, 1440],
    ]);
    expect(readStatedWeek([{ day: 'FRIDAY', from: '22:00', to: '00:00' }])?.get('FRIDAY')).toEqual([
      [1320, 1440],
    ]);
    for (const nothing of [
      [],
      null,
      [{ day: 'FREITAG', from: '00:00', to: '24:00' }],
      [{ day: 'FRIDAY', from: '00:00', to: '25:00' }],
      [{ day: 'FRIDAY', from: '22:00', to: '02:00' }],
      [{ day: 'FRIDAY', from: '0:00', to: '24:00' }],
    ])
      expect(readStatedWeek(nothing)).toBeNull();
    expect(readStatedText(null)).toBeNull();
    expect(readStatedText('{')).toBeNull();
  });

  test('comes back from the table as it went there, unknown days included', () => {
    const window = fc
      .tuple(fc.nat(1439), fc.nat(1439))
      .map(([a, b]): Window => [Math.min(a, b), Math.max(a, b) + 1]);
    const some = fc.dictionary(fc.constantFrom(...WEEKDAYS), fc.array(window, { maxLength: 1 }));
    fc.assert(
      fc.property(some, (days) => {
        const given = new Map(Object.entries(days)) as SessionWeek;
        expect(readWeek(spellWeek(given))).toEqual(given);
      }),
    );
    expect(readWeek('[]')).toBeNull();
    expect(readWeek('{"MONDAY":[["00:00","x"]]}')).toBeNull();
  });
});

describe('what bars show', () => {
  test('confirms a week that is told truly, and finds nothing odd in it', () => {
    const found = inferSessions({ stated: week, days: days(28, usual) });
    expect(found.condition).toBe('confirmed');
    expect(found.week).toEqual(week);
    expect(odd(found)).toEqual([]);
  });

  test('opens what is told to be shut, and shuts a daily break that nobody told', () => {
    const real: Window[] = [
      [0, 1020],
      [1080, 1440],
    ];
    const found = inferSessions({ stated: week, days: days(28, (at) => (usual(at).length > 0 ? real : [])) });
    expect(found.condition).toBe('corrected');
    expect(found.week.get('TUESDAY')).toEqual(real);
    expect(found.evidence.opened).toContain('TUESDAY 00:00-00:05');
    expect(found.evidence.shut).toContain('TUESDAY 17:00-18:00');
    expect(odd(found)).toEqual([]);
  });

  test('alone gives a week, and leaves unknown what was not seen', () => {
    const seen = days(24, usual).filter(({ midnightMs }) => weekdayOf(midnightMs) !== 'THURSDAY');
    const found = inferSessions({ stated: null, days: seen });
    expect(found.condition).toBe('observed');
    expect(found.week.has('THURSDAY')).toBe(false);
    expect(found.week.get('SUNDAY')).toEqual([]);
    // Five minutes without a bar are no rest.
    expect(found.week.get('MONDAY')).toEqual([[0, 1440]]);
  });

  test('says nothing with few days or few bars', () => {
    expect(inferSessions({ stated: null, days: days(10, usual) }).week.size).toBe(0);
    const rare = inferSessions({ stated: week, days: days(28, usual, 600) });
    expect(rare.week).toEqual(week);
    expect(odd(rare)).toEqual([]);
    const none = inferSessions({ stated: week, days: [] });
    expect([none.condition, none.week, none.days]).toEqual(['stated', week, []]);
  });

  test('holidays, early closes and late opens are told apart from ordinary days', () => {
    const special: Record<string, Window[]> = {
      '2025-11-27': [[5, 1200]],
      '2025-12-25': [],
      '2025-12-26': [[600, 1435]],
      '2026-01-01': [[600, 1200]],
      '2025-12-27': [[100, 200]],
    };
    const found = inferSessions({
      stated: week,
      days: days(63, (at) => special[dateOf(brokerMs(at))] ?? usual(at)),
    });
    expect(odd(found)).toEqual([
      ['2025-11-27', 'early_close', [['00:05', '20:00']]],
      ['2025-12-25', 'shut', []],
      ['2025-12-26', 'late_open', [['10:00', '23:55']]],
      ['2025-12-27', 'extra', [['01:40', '03:20']]],
      ['2026-01-01', 'partial', [['10:00', '20:00']]],
    ]);
    expect(found.week).toEqual(week);
  });

  test('a silence that is usual for the symbol is no early close until it is twice as long', () => {
    const thin = { days: 9, density: 0.8, headMinutes: 0, tailMinutes: 60 };
    const until = (minute: number) =>
      judgeDay(week, thin, { midnightMs: MONDAY, minutes: between([[5, minute]]) })?.condition;
    expect(until(1435 - 110)).toBe('ordinary');
    expect(until(1435 - 120)).toBe('early_close');
  });

  test('a day that was as its weekday is never shut, however thin the symbol and whatever is told', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 90 }), fc.boolean(), (every, isTold) => {
        const found = inferSessions({ stated: isTold ? week : null, days: days(56, usual, every) });
        expect(odd(found).filter(([, condition]) => condition !== 'extra')).toEqual([]);
      }),
      { numRuns: 25 },
    );
  });
});

describe('a calendar', () => {
  const rule = parseClockRule('America/New_York+7h');
  const at = (text: string): number => Date.parse(text) * 1000;
  const rows = (o: { from?: string; windows?: SessionWeek; more?: SessionRow[] } = {}): SessionRow[] => [
    {
      kind: 'week',
      ts: at(o.from ?? '2025-01-01T00:00:00Z'),
      ts_decided: 1,
      windows: spellWeek(o.windows ?? week),
      condition: 'confirmed',
    },
    ...(o.more ?? []),
  ];
  const day = (date: string, windows: string, decided: number, condition = 'shut'): SessionRow => ({
    kind: 'day',
    ts: at(`${date}T00:00:00Z`),
    ts_decided: decided,
    broker_date: date,
    windows,
    condition,
  });

  test('knows weekends, nights and holidays, and that it does not know', () => {
    const calendar = new SessionCalendar(rows({ more: [day('2025-12-25', '[]', 2)] }), rule);
    const word = (from: string, to: string) => calendar.word({ fromUs: at(from), toUs: at(to) });
    expect(word('2025-12-17T10:00:00Z', '2025-12-17T11:00:00Z')).toBe('open');
    // 23:55 of a broker that is two hours ahead in winter, to 00:05.
    expect(word('2025-12-17T21:55:00Z', '2025-12-17T22:05:00Z')).toBe('shut');
    expect(word('2025-12-17T21:50:00Z', '2025-12-17T22:05:00Z')).toBe('partly');
    expect(word('2025-12-19T22:00:00Z', '2025-12-21T22:05:00Z')).toBe('shut');
    expect(word('2025-12-24T22:00:00Z', '2025-12-25T22:00:00Z')).toBe('shut');
    expect(word('2024-12-25T10:00:00Z', '2024-12-25T11:00:00Z')).toBe('unknown');
    expect(word('2025-12-25T10:00:00Z', '2028-12-25T11:00:00Z')).toBe('unknown');
    expect(
      new SessionCalendar([], rule).word({
        fromUs: at('2025-12-25T10:00:00Z'),
        toUs: at('2025-12-25T11:00:00Z'),
      }),
    ).toBe('unknown');
    expect(calendar.conditionOf('2025-12-25')).toBe('shut');
    expect(calendar.conditionOf('2025-12-24')).toBeNull();
  });

  test('the newest decision holds, wherever it stands', () => {
    const wrong = day('2025-12-24', '[]', 2);
    const right = day('2025-12-24', '[["00:05","23:55"]]', 3, 'ordinary');
    for (const more of [
      [wrong, right],
      [right, wrong],
    ]) {
      const calendar = new SessionCalendar(rows({ more }), rule);
      expect(calendar.word({ fromUs: at('2025-12-24T10:00:00Z'), toUs: at('2025-12-24T11:00:00Z') })).toBe(
        'open',
      );
    }
  });

  test('the newest decided week holds, also where an older one begins later', () => {
    const shut = told({ SUNDAY: fx });
    const older = { ...(rows({ from: '2025-06-01T00:00:00Z' })[0] as SessionRow), ts_decided: 5 };
    const newer = { ...(rows({ windows: shut })[0] as SessionRow), ts_decided: 9 };
    const wednesday = { fromUs: at('2025-12-17T10:00:00Z'), toUs: at('2025-12-17T11:00:00Z') };
    for (const both of [
      [older, newer],
      [newer, older],
    ])
      expect(new SessionCalendar(both, rule).word(wednesday)).toBe('shut');
  });

  test('in an hour that occurs twice calls shut only what is shut in both folds', () => {
    // At 04:00 of 2025-10-26 the clock of Athens goes back to 03:00, which is 01:00 UTC.
    const calendar = new SessionCalendar(
      rows({ windows: told({ SUNDAY: [[0, 210]] }) }),
      parseClockRule('Europe/Athens'),
    );
    const word = (from: string, to: string) => calendar.word({ fromUs: at(from), toUs: at(to) });
    expect(word('2025-10-26T00:30:00Z', '2025-10-26T01:30:00Z')).toBe('open');
    expect(word('2025-10-26T01:30:00Z', '2025-10-26T03:00:00Z')).toBe('shut');
  });

  test('says when it opens again, and only where it is shut now', () => {
    const calendar = new SessionCalendar(rows(), rule);
    const saturday = at('2025-12-20T12:00:00Z');
    expect(calendar.shutUntil(saturday, 2 * DAY * 1000)).toBe(at('2025-12-21T22:05:00Z'));
    expect(calendar.shutUntil(saturday, 3_600_000_000)).toBe(saturday + 3_600_000_000);
    expect(calendar.shutUntil(at('2025-12-19T12:00:00Z'), 2 * DAY * 1000)).toBeNull();
  });

  test('what it calls shut is never open on the wall clock, in weeks with a switch as in others', () => {
    const zones = ['America/New_York+7h', 'Europe/Athens', 'Europe/London', 'UTC+3h'].map((id) =>
      parseClockRule(id),
    );
    const start = fc.integer({
      min: at('2025-01-01T00:00:00Z') / 6e7,
      max: at('2026-12-31T00:00:00Z') / 6e7,
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        start,
        fc.integer({ min: 1, max: 6000 }),
        (zone, from, minutes) => {
          const calendar = new SessionCalendar(rows({ from: '2020-01-01T00:00:00Z' }), zone);
          const range = { fromUs: from * 6e7, toUs: (from + minutes) * 6e7 };
          const { shut, unknown } = calendar.stretches(range);
          expect(unknown).toEqual([]);
          expect(subtract(shut, [range])).toEqual([]);
          for (const { fromUs, toUs } of shut)
            for (let us = fromUs; us < toUs; us += 17 * 6e7) {
              const wall = us / 1000 + zone.offsetAt(us / 1000) * 1000;
              const minute = Math.floor((wall % DAY) / 60_000);
              const windows = week.get(weekdayOf(wall)) as readonly Window[];
              expect(windows.some(([opens, closes]) => minute >= opens && minute < closes)).toBe(false);
            }
        },
      ),
    );
  });
});
