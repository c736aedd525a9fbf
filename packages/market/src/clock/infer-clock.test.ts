// Brokers with each usual clock over two years of hourly bars, with holidays: the rule is named, or what is missing is said.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inferClock, type ClockInference } from './infer-clock.ts';
import type { OffsetSample } from './measure-offset.ts';
import { parseClockRule } from '../time/parse-clock-rule.ts';
import { type BrokerMs, utcMs } from '../time/time.ts';
import { weekEdges, weekOf } from './week-edges.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const newYork = parseClockRule('America/New_York');
type Market = 'fx' | 'metal' | 'crypto' | 'crypto with a rest' | 'shares';

/** Month and day: shut from 17:00 the evening before, or from 13:00 on. */
const SHUT = new Set(['12-25', '1-1']);
const EARLY = new Set(['12-24', '12-31', '7-3', '11-27']);

const isOpen = (market: Market, utc: number): boolean => {
  const local = new Date(utc + newYork.offsetAt(utc) * 1000);
  const hour = local.getUTCHours();
  if (market === 'crypto') return true;
  if (market === 'crypto with a rest') return hour !== 17;
  const day = local.getUTCDay();
  if (market === 'shares') return day > 0 && day < 6 && hour >= 9 && hour < 16;
  const weekHour = day * 24 + hour;
  if (weekHour < 17 || weekHour >= 5 * 24 + 17) return false;
  if (market === 'metal' && hour === 17) return false;
  // The trading day belongs to the date on which it ends.
  const ends = new Date(local.getTime() + 7 * HOUR);
  if (SHUT.has(`${ends.getUTCMonth() + 1}-${ends.getUTCDate()}`)) return false;
  return !(hour >= 13 && hour < 17 && EARLY.has(`${local.getUTCMonth() + 1}-${local.getUTCDate()}`));
};

const hourly = (market: Market, clock: string, from: number, to: number): BrokerMs[] => {
  const rule = parseClockRule(clock);
  const opens: BrokerMs[] = [];
  for (let utc = from; utc < to; utc += HOUR) {
    if (!isOpen(market, utc)) continue;
    const broker = rule.toBroker(utcMs(utc));
    const open = (broker - (broker % HOUR)) as BrokerMs;
    if (opens.at(-1) !== open) opens.push(open);
  }
  return opens;
};

interface Broker {
  readonly clock: string;
  readonly markets?: readonly Market[];
  readonly now?: number;
  readonly days?: number;
  readonly samples?: (rule: ReturnType<typeof parseClockRule>, now: number) => OffsetSample[];
  readonly known?: readonly string[];
}

const NOW = Date.UTC(2026, 10, 18, 15);
const infer = ({ clock, markets = ['fx', 'metal'], now = NOW, days = 730, known = [], samples }: Broker) => {
  const rule = parseClockRule(clock);
  const measured = { utcMs: now, offsetS: rule.offsetAt(now), source: 'ticks' } as const;
  return inferClock({
    nowUtcMs: now,
    samples: samples?.(rule, now) ?? [measured],
    histories: markets.map((market) => ({
      symbol: market,
      edges: weekEdges(hourly(market, clock, now - days * DAY, now)),
    })),
    known,
  });
};

/** Instants of two years at which a rule reads the wall clock as another instant than the broker meant, while anything traded. */
const misread = (found: ClockInference, clock: string, market: Market): number[] => {
  const truth = parseClockRule(clock);
  const wrong: number[] = [];
  for (let utc = NOW - 730 * DAY; utc < NOW; utc += HOUR) {
    if (isOpen(market, utc) && truth.offsetAt(utc) !== found.rule.offsetAt(utc)) wrong.push(utc);
  }
  return wrong;
};

describe('the right rule from two years of history and a running clock', () => {
  test.each([
    'America/New_York+7h',
    'Europe/Athens',
    'Europe/London',
    'UTC',
    'UTC+2h',
    'UTC+3h',
    'America/New_York+5h',
    'Europe/Berlin',
  ])('%s', (clock) => {
    const found = infer({ clock });
    expect(found).toMatchObject({ rule: { id: clock }, confidence: 'inferred', moves: [], settles: [] });
    expect(found.rivals.length).toBeGreaterThan(0);
    for (const rival of found.rivals) expect(rival.against.length).toBeGreaterThanOrEqual(2);
    // Two winters of holidays contradict, and nothing else does.
    expect(found.contradicts.length).toBeLessThanOrEqual(8);
  });

  test.each([0, 30, 61, 92, 120, 150, 200, 250, 300, 340])('whatever the season: %i days earlier', (back) => {
    for (const clock of ['America/New_York+7h', 'Europe/Athens', 'UTC+2h']) {
      const found = infer({ clock, now: NOW - back * DAY });
      expect(found).toMatchObject({ rule: { id: clock }, confidence: 'inferred' });
    }
  });
});

describe('on whatever day it is asked, what is inferred is right', () => {
  const END = Date.UTC(2027, 0, 15, 15);
  test.each([
    'America/New_York+7h',
    'Europe/Athens',
    'Europe/London',
    'UTC+2h',
    'Europe/Athens until 2025-06-21T12:00Z then America/New_York+7h',
    'UTC+2h until 2026-02-07T12:00Z then America/New_York+7h',
    'UTC+3h until 2026-06-06T12:00Z then Europe/Athens',
    // Days after this move the last two years look like a broker who never moved, and opens an hour early.
    'UTC+2h until 2026-05-30T12:00Z then Europe/London',
    'Europe/London until 2026-03-21T12:00Z then America/New_York+7h',
  ])('%s', (clock) => {
    const truth = parseClockRule(clock);
    const from = END - 1190 * DAY;
    const all = (['fx', 'metal'] as const).map((market) => ({
      symbol: market,
      edges: weekEdges(hourly(market, clock, from, END)),
    }));
    const said = { inferred: 0, provisional: 0 };
    for (let now = END; now > END - 380 * DAY; now -= 19 * DAY) {
      const broker = (utc: number): number => utc + truth.offsetAt(utc) * 1000;
      const within = (ms: number): boolean => ms >= broker(now - 790 * DAY) && ms <= broker(now);
      const found = inferClock({
        nowUtcMs: now,
        samples: [{ utcMs: now, offsetS: truth.offsetAt(now), source: 'ticks' }],
        histories: all.map(({ edges, symbol }) => ({
          symbol,
          edges: edges.filter(({ brokerMs }) => within(brokerMs)),
        })),
        known: [],
      });
      said[found.confidence] += 1;
      if (found.confidence === 'provisional') expect(found.settles.length).toBeGreaterThan(0);
      else
        for (let utc = now - 780 * DAY; utc < now; utc += 6 * HOUR)
          if (isOpen('fx', utc) && truth.offsetAt(utc) !== found.rule.offsetAt(utc))
            throw new Error(
              `${new Date(now).toISOString()}: ${found.rule.id} at ${new Date(utc).toISOString()}`,
            );
    }
    expect(said.inferred).toBeGreaterThan(5);
  });
});

describe('a broker that moved', () => {
  const truth = 'Europe/Athens until 2025-06-21T12:00Z then America/New_York+7h';

  test('both rules are found, and every traded hour is read as it was meant', () => {
    const found = infer({ clock: truth });
    expect(found.confidence).toBe('inferred');
    expect(found.rule.pieces.map(({ rule }) => rule)).toEqual(['Europe/Athens', 'America/New_York+7h']);
    const [move] = found.moves;
    // After the last week in which the old rule showed, before the first one of the new.
    expect(move?.afterUtcMs).toBe(Date.UTC(2025, 2, 29, 12));
    expect(move?.beforeUtcMs).toBe(Date.UTC(2025, 9, 25, 12));
    expect(misread(found, truth, 'crypto')).toEqual([]);
  });

  test('a move that sets the clock is found to the weekend', () => {
    const moved = 'UTC+2h until 2025-07-05T12:00Z then America/New_York+7h';
    const found = infer({ clock: moved });
    expect(found.rule.id).toBe(moved);
    expect(misread(found, moved, 'fx')).toEqual([]);
  });

  test('a move from before the history stays as it was decided', () => {
    const older = 'UTC+2h until 2021-01-02T12:00Z then Europe/Athens';
    const again = `${older} until 2025-06-21T12:00Z then America/New_York+7h`;
    expect(infer({ clock: again, known: [older] }).rule.pieces.map(({ rule }) => rule)).toEqual([
      'UTC+2h',
      'Europe/Athens',
      'America/New_York+7h',
    ]);
  });

  test('a move that was inferred stays while the weeks that told it leave the history, and afterwards', () => {
    const known = [infer({ clock: truth }).rule.id];
    for (let later = 0; later < 900; later += 20) {
      const found = infer({ clock: truth, known, now: NOW + later * DAY });
      expect(found, `${later} days later`).toMatchObject({ rule: { id: known[0] }, confidence: 'inferred' });
    }
  });
});

describe('too little evidence is said', () => {
  test('symbols that never rest tell nothing', () => {
    const found = infer({ clock: 'Europe/Athens', markets: ['crypto'] });
    expect(found).toMatchObject({ confidence: 'provisional', rule: { id: 'America/New_York+7h' }, weeks: 0 });
    expect(found.settles.join('; ')).toContain('2027-03-14');
    expect(found.settles.join('; ')).toContain('hourly bars of a currency or a metal');
  });

  test('a daily rest tells nothing: whoever rests at midnight of his own clock shows the same under any', () => {
    for (const clock of ['Europe/Athens', 'America/New_York+7h', 'UTC+3h'])
      expect(infer({ clock, markets: ['crypto with a rest'] })).toMatchObject({ confidence: 'provisional' });
  });

  test('exchanges keep hours of their own: a clock that was seen to run in both seasons settles it', () => {
    for (const clock of ['Europe/Berlin', 'UTC+3h', 'America/Chicago']) {
      const once = infer({ clock, markets: ['shares'] });
      expect(once.confidence).toBe('provisional');
      expect(once.settles.join('; ')).toContain('shares may keep the hours of any exchange');
      const year = infer({
        clock,
        markets: ['shares'],
        samples: (rule, now) =>
          Array.from({ length: 380 }, (_, day): OffsetSample => {
            const utc = now - day * DAY;
            return { utcMs: utc, offsetS: rule.offsetAt(utc), source: 'server_time' };
          }),
      });
      expect(year).toMatchObject({ confidence: 'inferred', rule: { id: clock } });
    }
  });

  test('a move that only the clock of today has seen is a guess, and history is read as before', () => {
    const found = infer({
      clock: 'UTC+2h',
      samples: (_, now) => [{ utcMs: now, offsetS: 12_600, source: 'ticks' }],
    });
    expect(found.confidence).toBe('provisional');
    expect(found.rule.pieces.map(({ rule }) => rule)).toEqual(['UTC+2h', 'UTC+3h30m']);
    expect(found.moves).toMatchObject([{ proven: false }]);
    expect(found.settles.join('; ')).toContain('a person: its weeks look as if it had moved from UTC+2h');
  });

  test('a clock that was set a week late is no holiday', () => {
    const found = infer({
      clock:
        'America/New_York+7h until 2026-03-07T12:00Z then UTC+2h until 2026-03-14T12:00Z then America/New_York+7h',
    });
    expect(found).toMatchObject({ confidence: 'provisional', rule: { id: 'America/New_York+7h' } });
    expect(found.settles.join('; ')).toContain('in the weeks from 2026-03-07 the clock was set otherwise');
  });

  test('a history that begins after the last switch leaves several rules', () => {
    const found = infer({ clock: 'Europe/Athens', now: Date.UTC(2026, 8, 16, 12), days: 120 });
    expect(found.confidence).toBe('provisional');
    const apart = found.settles.join('; ');
    expect(apart).toContain('2026-10-25');
    // The rule that was in force goes on while it fits.
    const before = infer({
      clock: 'Europe/Athens',
      now: Date.UTC(2026, 8, 16, 12),
      days: 120,
      known: ['Europe/Athens'],
    });
    expect(before).toMatchObject({ confidence: 'provisional', rule: { id: 'Europe/Athens' } });
  });

  test('an offset that is only stated is believed where the market opens at its usual hour', () => {
    const stated = (rule: ReturnType<typeof parseClockRule>, now: number): OffsetSample[] => [
      { utcMs: now, offsetS: rule.offsetAt(now), source: 'stated' },
    ];
    expect(infer({ clock: 'Europe/Athens', samples: stated })).toMatchObject({
      rule: { id: 'Europe/Athens' },
      confidence: 'inferred',
    });
    const lying = infer({
      clock: 'America/New_York+7h',
      samples: (rule, now) => [{ utcMs: now, offsetS: rule.offsetAt(now) - 7200, source: 'stated' }],
    });
    expect(lying).toMatchObject({ confidence: 'provisional', rule: { id: 'America/New_York+7h' } });
    expect(lying.settles.join('; ')).toContain('only stated');
    const corrected = infer({
      clock: 'America/New_York+7h',
      samples: (rule, now) => [
        { utcMs: now, offsetS: rule.offsetAt(now) - 7200, source: 'stated' },
        { utcMs: now - DAY, offsetS: rule.offsetAt(now), source: 'ticks' },
      ],
    });
    expect(corrected).toMatchObject({ rule: { id: 'America/New_York+7h' }, confidence: 'inferred' });
  });

  test('weeks that always open at one hour of the wall clock infer nothing against an offset that was measured', () => {
    const found = infer({
      clock: 'America/New_York+7h',
      samples: (rule, now) => [
        { utcMs: now, offsetS: rule.offsetAt(now), source: 'ticks' },
        { utcMs: Date.UTC(2026, 2, 18, 12), offsetS: 7200, source: 'ticks' },
      ],
    });
    expect(found.confidence).toBe('provisional');
    expect(found.settles.join('; ')).toContain('2026-03-18');
  });

  test('nothing at all', () => {
    const found = inferClock({ nowUtcMs: NOW, samples: [], histories: [], known: [] });
    expect(found).toMatchObject({ confidence: 'provisional', today: null, weeks: 0 });
    expect(found.settles.join('; ')).toContain('a running clock');
  });
});

test('whatever the evidence is, there is an answer', () => {
  const day = fc.integer({ min: -900, max: 5 }).map((days) => NOW + days * DAY);
  const edge = fc.record({
    brokerMs: fc
      .integer({ min: NOW - 900 * DAY, max: NOW + 5 * DAY })
      .map((ms) => (ms - (ms % HOUR)) as BrokerMs),
    kind: fc.constantFrom('open' as const, 'close' as const),
  });
  const edges = fc
    .array(edge, { maxLength: 60 })
    .map((list) =>
      list
        .toSorted((a, b) => a.brokerMs - b.brokerMs)
        .map((each) => ({ ...each, week: weekOf(each.brokerMs) })),
    );
  const sample = fc.record({
    utcMs: day,
    offsetS: fc.integer({ min: -56, max: 56 }).map((quarters) => quarters * 900 + 0),
    source: fc.constantFrom('ticks' as const, 'server_time' as const, 'stated' as const),
  });
  const rules = ['UTC', 'Europe/Athens', 'UTC+2h until 2025-07-05T12:00Z then America/New_York+7h'];
  fc.assert(
    fc.property(
      fc.array(edges, { maxLength: 3 }),
      fc.array(sample, { maxLength: 12 }),
      fc.array(fc.constantFrom(...rules), { maxLength: 2 }),
      (histories, samples, known) => {
        const found = inferClock({
          nowUtcMs: NOW,
          samples,
          histories: histories.map((list, i) => ({ symbol: `S${i}`, edges: list })),
          known,
        });
        expect(found.settles.length === 0).toBe(found.confidence === 'inferred');
      },
    ),
    { numRuns: 150 },
  );
});
