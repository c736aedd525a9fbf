import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseClockRule } from '../time/parse-clock-rule.ts';
import { type BrokerMs, brokerMs, utcMs } from '../time/time.ts';
import { readHistoryTimes } from './history-times.ts';

const rule = parseClockRule('America/New_York+7h');
/** UTC of the switch back in autumn 2026: the wall clock shows 08:00–09:00 before it and again after it. */
const BACK = Date.UTC(2026, 10, 1, 6);
const HOUR = 3_600_000;
const bothFoldsUs = { fromUs: (BACK - HOUR) * 1000, toUs: (BACK + HOUR) * 1000 };
const wall = (utc: number): BrokerMs => rule.toBroker(utcMs(utc));
const read = (times: readonly (BrokerMs | null)[]) => {
  const { at, ambiguous } = readHistoryTimes(times, rule);
  return { utc: at.map((reading) => reading?.ms ?? null), ambiguous };
};
/** UTC instants around the repeated hour, sorted, as an answer of the gateway has them. */
const instants = fc
  .array(fc.integer({ min: BACK - 2 * HOUR, max: BACK + 2 * HOUR - 1 }), { maxLength: 60 })
  .map((list) => list.toSorted((a, b) => a - b));

describe('the hour that repeats', () => {
  test('an answer that spans it and steps back once is read as it happened', () => {
    const times = [BACK - 2 * HOUR, BACK - HOUR, BACK - 1, BACK, BACK + HOUR - 1, BACK + HOUR];
    expect(read(times.map(wall))).toEqual({ utc: times, ambiguous: [] });
  });

  test('what is read is right, and what is not read lies in an hour that is called ambiguous', () => {
    fc.assert(
      fc.property(instants, (utc) => {
        const { utc: got, ambiguous } = read(utc.map(wall));
        for (const [i, ms] of utc.entries()) {
          if (got[i] === null) expect(ambiguous).toEqual([bothFoldsUs]);
          else expect(got[i]).toBe(ms);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test('an answer sorted by wall clock is never guessed', () => {
    fc.assert(
      fc.property(instants, (utc) => {
        const sorted = utc.map((ms) => ({ ms, broker: wall(ms) })).toSorted((a, b) => a.broker - b.broker);
        const { utc: got } = read(sorted.map(({ broker }) => broker));
        for (const [i, { ms }] of sorted.entries()) expect([null, ms]).toContain(got[i]);
      }),
      { numRuns: 3000 },
    );
  });

  test('neither is one that begins or ends inside the hour, or shows one fold only', () => {
    const start = wall(BACK - 2 * HOUR);
    const end = wall(BACK + HOUR);
    const first = wall(BACK - HOUR / 2);
    const second = wall(BACK + HOUR / 4);
    const late = wall(BACK - HOUR / 10);
    const early = wall(BACK + HOUR / 10);
    for (const times of [
      [first, second, end],
      [start, first, second],
      [start, first, end],
      [start, second, first, end],
      [start, first, second, first, second, end],
      [start, late, early, late, early, end],
      [end, first, second, start],
      [start, first, end, second, end],
      // Disorder of milliseconds within a fold is not the clock's step.
      [start, first, brokerMs(first - 10), end],
    ]) {
      const { utc, ambiguous } = read(times);
      expect(utc.filter((ms) => ms === null)).toHaveLength(
        times.length - times.filter((t) => t === start || t === end).length,
      );
      expect(ambiguous).toEqual([bothFoldsUs]);
    }
  });

  test('disorder within a fold is never taken for the step of the clock', () => {
    fc.assert(
      fc.property(instants, fc.integer({ min: 1, max: HOUR / 2 - 1 }), fc.nat(), (utc, lateMs, which) => {
        const i = which % Math.max(1, utc.length);
        // On either side of the switch; across it a late time looks like a time of the other fold to everybody.
        fc.pre(utc[i] === undefined || utc[i] < BACK === utc[i] - lateMs < BACK);
        const late = utc.map((ms, k) => (k === i ? ms - lateMs : ms));
        const { utc: got } = read(late.map(wall));
        for (const [k, ms] of late.entries()) expect([null, ms]).toContain(got[k]);
      }),
      { numRuns: 3000 },
    );
  });

  test('equal times are no step back, unreadable ones are passed over', () => {
    const times = [BACK - 2 * HOUR, BACK - 5, BACK - 5, null, BACK, BACK, null, BACK + HOUR];
    const answer = times.map((ms) => (ms === null ? null : wall(ms)));
    expect(read(answer)).toEqual({ utc: times, ambiguous: [] });
  });

  test('each year has its own hour, read or not by itself', () => {
    const before = Date.UTC(2025, 10, 2, 6);
    const times = [before - 2 * HOUR, before - 1, before, before + HOUR, BACK - 5, BACK + HOUR];
    const { utc, ambiguous } = read(times.map(wall));
    expect(utc).toEqual([...times.slice(0, 4), null, BACK + HOUR]);
    expect(ambiguous).toEqual([bothFoldsUs]);
  });
});

test('the hour that never occurs is read with the offset from before it', () => {
  const { at, ambiguous } = readHistoryTimes([brokerMs(Date.UTC(2026, 2, 8, 9, 30))], rule);
  expect(at[0]).toMatchObject({ ms: Date.UTC(2026, 2, 8, 7, 30), offsetS: 7200, occurrence: 'never' });
  expect(ambiguous).toEqual([]);
});

test('a fixed offset has nothing ambiguous', () => {
  const times = [BACK, BACK - 1, BACK].map(brokerMs);
  expect(readHistoryTimes(times, parseClockRule('UTC+3h')).at.map((r) => r?.ms)).toEqual(
    times.map((ms) => ms - 3 * HOUR),
  );
});
