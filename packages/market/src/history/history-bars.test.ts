import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseClockRule } from '../time/parse-clock-rule.ts';
import { type BrokerMs, brokerMs, formatBrokerTime, utcMs } from '../time/time.ts';
import { barEndUtcMs } from '../time/timeframe-grid.ts';
import type { WireHistoryBar } from '../tables/wire.ts';
import { historyBars } from './history-bars.ts';

const rule = parseClockRule('America/New_York+7h');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const at = (text: string): BrokerMs => brokerMs(Date.parse(`${text}Z`));
const bar = (time: string, more: Partial<WireHistoryBar> = {}): WireHistoryBar => ({
  time: `${time}Z`,
  open: 1.1,
  high: 1.3,
  low: 1,
  close: 1.2,
  tickVolume: 40,
  realVolume: 0,
  spread: 7,
  ...more,
});
const map = (answer: readonly WireHistoryBar[], now: string, timeframe = 'M1') =>
  historyBars(answer, {
    feed: 'icm',
    symbol: 'EURUSD',
    timeframe,
    rule,
    seenUs: 1_790_000_000_000_000,
    brokerNow: at(now),
  });
const opens = (got: ReturnType<typeof historyBars>): string[] =>
  got.rows.map((row) => new Date(row.ts / 1000 + row.utc_offset_s * 1000).toISOString().slice(11, 16));

test('a bar becomes a row of the table', () => {
  const got = map([bar('2026-06-22T10:00:00', { realVolume: null })], '2026-06-22T11:00:00');
  expect(got.rows).toEqual([
    {
      ts: Date.UTC(2026, 5, 22, 7) * 1000,
      feed: 'icm',
      symbol: 'EURUSD',
      timeframe: 'M1',
      open: 1.1,
      high: 1.3,
      low: 1,
      close: 1.2,
      tick_volume: 40,
      real_volume: null,
      spread_points: 7,
      utc_offset_s: 10_800,
      ts_seen: 1_790_000_000_000_000,
    },
  ]);
  expect(got).toMatchObject({ rejected: [], ambiguous: [], openFromUs: null, superseded: 0 });
});

describe('only closed bars', () => {
  const three = ['10:00', '10:01', '10:02'].map((time) => bar(`2026-06-22T${time}:00`));

  test('the last one waits for a later bar or for two minutes', () => {
    const forming = map(three, '2026-06-22T10:02:30');
    expect(opens(forming)).toEqual(['10:00', '10:01']);
    expect(forming.openFromUs).toBe(Date.UTC(2026, 5, 22, 7, 2) * 1000);
    expect(opens(map(three, '2026-06-22T10:04:59'))).toEqual(['10:00', '10:01']);
    expect(map(three, '2026-06-22T10:05:00')).toMatchObject({ openFromUs: null });
    expect(map([], '2026-06-22T10:05:00')).toMatchObject({ rows: [], openFromUs: null });
  });

  test('a damaged bar, or one from the future, closes nothing', () => {
    const broken = bar('2026-06-22T10:03:00', { high: 0.5 });
    expect(opens(map([...three, broken], '2026-06-22T10:03:10'))).toEqual(['10:00', '10:01']);
    const future = bar('2026-06-22T12:00:00');
    const got = map([...three, future], '2026-06-22T10:02:30');
    expect(opens(got)).toEqual(['10:00', '10:01']);
    expect(got.openFromUs).toBe(Date.UTC(2026, 5, 22, 7, 2) * 1000);
  });

  test('a bar that is still forming is not judged', () => {
    const got = map([...three, bar('2026-06-22T10:03:00', { high: 0.5 })], '2026-06-22T10:03:10');
    expect(got.rejected).toEqual([]);
    expect(map([bar('2026-06-22T10:03:00', { high: 0.5 })], '2026-06-22T10:07:00').rejected).toHaveLength(1);
  });

  test('days, weeks and months end on the broker’s wall clock', () => {
    for (const [timeframe, open, end] of [
      ['D1', '2026-03-08', '2026-03-09T00:02:00'],
      ['D1', '2026-11-01', '2026-11-02T00:02:00'],
      ['W1', '2026-03-08', '2026-03-15T00:02:00'],
      ['MN1', '2026-11-01', '2026-12-01T00:02:00'],
    ] as const) {
      const answer = [bar(`${open}T00:00:00`)];
      const before = formatBrokerTime(brokerMs(at(end) - 1)).slice(0, 23);
      expect(map(answer, before, timeframe).rows, `${timeframe} ${open}`).toEqual([]);
      expect(map(answer, end, timeframe).rows, `${timeframe} ${open}`).toHaveLength(1);
    }
  });

  test('nothing that is stored could still change, whatever the moment of asking', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('M1', 'M15', 'H1', 'H4', 'D1'),
        fc.constantFrom(Date.UTC(2026, 2, 8, 7), Date.UTC(2026, 10, 1, 6), Date.UTC(2026, 5, 1, 6)),
        fc.integer({ min: -3 * 3600, max: 30 * 3600 }),
        (timeframe, around, offS) => {
          const now = around + offS * 1000;
          const answer: WireHistoryBar[] = [];
          // The terminal's bars: one per wall-clock open that occurred, the forming one last.
          let previous = '';
          for (let utc = around - 6 * HOUR; utc <= now; utc += MINUTE) {
            const wall = rule.toBroker(utcMs(utc));
            const step = { M1: 1, M15: 15, H1: 60, H4: 240, D1: 1440 }[timeframe] as number;
            const open = formatBrokerTime(brokerMs(wall - (wall % (step * MINUTE)))).slice(0, 19);
            if (open !== previous) answer.push(bar(open));
            previous = open;
          }
          const got = historyBars(answer, {
            feed: 'f',
            symbol: 's',
            timeframe,
            rule,
            seenUs: 0,
            brokerNow: rule.toBroker(utcMs(now)),
          });
          for (const row of got.rows)
            expect(barEndUtcMs(timeframe, row.ts / 1000, rule)).toBeLessThanOrEqual(now);
          if (got.openFromUs !== null)
            for (const row of got.rows) expect(row.ts).toBeLessThan(got.openFromUs);
          expect(got.rejected).toEqual([]);
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe('the hour that repeats', () => {
  const minutes = (fromUtc: number, toUtc: number): WireHistoryBar[] => {
    const list: WireHistoryBar[] = [];
    for (let utc = fromUtc; utc < toUtc; utc += MINUTE)
      list.push(bar(formatBrokerTime(rule.toBroker(utcMs(utc))).slice(0, 19)));
    return list;
  };
  const BACK = Date.UTC(2026, 10, 1, 6);

  test('is read from an answer that shows both folds', () => {
    const got = map(minutes(BACK - 2 * HOUR, BACK + 2 * HOUR), '2026-11-01T12:00:00');
    expect(got.rows.map((row) => row.ts)).toEqual(
      Array.from({ length: 240 }, (_, i) => (BACK - 2 * HOUR + i * MINUTE) * 1000),
    );
    expect(got.superseded).toBe(0);
  });

  test('is left out of one that shows a part, and said to be so', () => {
    const got = map(minutes(BACK - 2 * HOUR, BACK + HOUR / 2), '2026-11-01T12:00:00');
    expect(got.rows).toHaveLength(60);
    expect(got.ambiguous).toEqual([{ fromUs: (BACK - HOUR) * 1000, toUs: (BACK + HOUR) * 1000 }]);
  });

  test('counts as not closed while it lasts', () => {
    const got = map(minutes(BACK - 2 * HOUR, BACK + HOUR / 2), '2026-11-01T08:30:00');
    expect(got.rows).toHaveLength(60);
    expect(got).toMatchObject({ ambiguous: [], openFromUs: (BACK - HOUR) * 1000 });
  });

  test('one bar of an hour or more holds both folds and begins with the first; two are ambiguous', () => {
    const one = ['04:00', '08:00', '12:00'].map((time) => bar(`2026-11-01T${time}:00`));
    const got = map(one, '2026-11-02T00:00:00', 'H4');
    expect(got.rows.map((row) => row.ts / 1000)).toEqual([BACK - 5 * HOUR, BACK - HOUR, BACK + 4 * HOUR]);
    const two = ['07:00', '08:00', '08:00', '09:00'].map((time) => bar(`2026-11-01T${time}:00`));
    expect(map(two, '2026-11-02T00:00:00', 'H1')).toMatchObject({
      rows: [{ ts: (BACK - 2 * HOUR) * 1000 }, { ts: (BACK + HOUR) * 1000 }],
      ambiguous: [{ fromUs: (BACK - HOUR) * 1000, toUs: (BACK + HOUR) * 1000 }],
    });
  });

  test('a bar in the hour that never occurs gives way to the one that stands there', () => {
    const answer = ['09:30', '10:30'].map((time) => bar(`2026-03-08T${time}:00`));
    for (const order of [answer, answer.toReversed()]) {
      const got = map(order, '2026-03-09T00:00:00');
      expect(got.rows).toMatchObject([{ ts: Date.UTC(2026, 2, 8, 7, 30) * 1000, utc_offset_s: 10_800 }]);
      expect(got.rejected).toMatchObject([{ raw: answer[0] }]);
    }
  });
});

test('a price below zero is a price', () => {
  const oil = bar('2020-04-20T21:00:00', { open: -37.63, high: -35, low: -40.32, close: -36 });
  expect(map([oil, bar('2020-04-20T21:01:00')], '2026-06-22T12:00:00').rows).toMatchObject([
    { low: -40.32 },
    {},
  ]);
});

describe('what cannot be stored', () => {
  const good = bar('2026-06-22T10:00:00');
  test.each([
    [bar('2026-06-22T10:01:00', { high: 0.9 }), /high is below low/],
    [bar('2026-06-22T10:01:00', { low: Number.NEGATIVE_INFINITY }), /not a finite/],
    [bar('2026-06-22T10:01:00', { open: Number.NaN }), /not a finite/],
    [bar('2026-06-22T10:01:00', { close: Number.POSITIVE_INFINITY }), /not a finite/],
    [bar('2026-06-22T10:01:30'), /grid/],
    [bar('2026-06-22T10:01'), /readable/],
    [{ ...good, time: null }, /readable/],
    [bar('1970-06-22T10:01:00'), /1971/],
  ])('%j is rejected', (wrong, reason) => {
    const got = map([good, wrong], '2026-06-22T12:00:00');
    expect(got.rows).toHaveLength(1);
    expect(got.rejected).toEqual([{ raw: wrong, reason: expect.stringMatching(reason) }]);
  });

  test.each([
    [{ tickVolume: 1.5 }, { tick_volume: null }, 'tickVolume: not a whole number'],
    [{ tickVolume: 40.000_000_4 }, { tick_volume: 40 }, null],
    [{ realVolume: 2 ** 64 }, { real_volume: null }, 'realVolume: not a count'],
    [{ realVolume: -1 }, { real_volume: null }, 'realVolume: not a count'],
    [{ spread: 0.5 }, { spread_points: null }, 'spread: not a whole number of points'],
  ])('%j costs no bar', (more, row, reason) => {
    const wire = bar('2026-06-22T10:01:00', more);
    const got = map([good, wire], '2026-06-22T12:00:00');
    expect(got.rejected).toEqual([]);
    expect(got.rows[1]).toMatchObject({ close: wire.close, ...row });
    expect(got.incomplete).toEqual(reason === null ? [] : [{ row: got.rows[1], raw: wire, reason }]);
  });

  test('an answer in any order gives the same rows; the last of two equal opens wins', () => {
    const list = Array.from({ length: 30 }, (_, i) =>
      bar(`2026-06-22T10:${String(i).padStart(2, '0')}:00`, { close: 1 + i / 1000 }),
    );
    const rows = map(list, '2026-06-22T12:00:00').rows;
    fc.assert(
      fc.property(fc.shuffledSubarray(list, { minLength: 30 }), (shuffled) => {
        expect(map(shuffled, '2026-06-22T12:00:00').rows).toEqual(rows);
      }),
      { numRuns: 100 },
    );
    const revised = bar('2026-06-22T10:03:00', { close: 1.25 });
    const twice = map([...list, revised, revised], '2026-06-22T12:00:00');
    expect(twice.rows[3]).toMatchObject({ close: 1.25 });
    expect(twice).toMatchObject({ superseded: 1, rejected: [] });
  });
});
