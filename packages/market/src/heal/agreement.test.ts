import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Agreement, agreement } from './agreement.ts';
import type { ComparableTick } from './tick-key.ts';

const START = Date.UTC(2026, 5, 22, 10) * 1000;
const SECOND = 1_000_000;
const before = { fromUs: START, toUs: START + 60 * SECOND };
const after = { fromUs: START + 180 * SECOND, toUs: START + 240 * SECOND };
interface Tick extends ComparableTick {
  readonly ts: number;
  readonly utc_offset_s: number;
  readonly bid: number;
  readonly ask: number;
  readonly last: number | null;
  readonly volume: number | null;
}
/** Three ticks a second for four minutes, now and then two in a millisecond. */
const truth = Array.from({ length: 720 }, (_, i): Tick => {
  const ms = Math.floor(i / 3) * 1000 + (i % 3 === 0 ? 137 : 604);
  const bid = Math.round(108_490 + 20 * Math.sin(i)) / 100_000;
  return {
    ts: START + ms * 1000,
    utc_offset_s: 10_800,
    bid,
    ask: bid + 0.00002,
    last: i % 2 === 0 ? bid : null,
    volume: i % 2 === 0 ? 3 : null,
  };
});
const live = truth.filter(({ ts }) => ts < before.toUs || ts >= after.fromUs);
const judge = (history: readonly ComparableTick[], more: Partial<Parameters<typeof agreement>[0]> = {}) =>
  agreement({ live, history, before, after, ...more });
const why = (verdict: Agreement): string => (verdict.agrees ? 'agrees' : verdict.why);
const HOUR = 3600 * SECOND;

describe('history agrees', () => {
  test('when both sides hold the same ticks, in whatever order', () => {
    expect(judge(truth)).toEqual({ agrees: true, compared: live.length });
    expect(why(judge(truth.toReversed()))).toBe('agrees');
  });

  test('when prices differ by less than a double shows, and nothing is spelled as zero', () => {
    const spelled = truth.map((tick, i) => ({
      ...tick,
      bid: tick.bid + (i % 2 === 0 ? 1e-10 : -1e-10),
      last: tick.last ?? 0,
      volume: tick.volume ?? 0,
    }));
    expect(why(judge(spelled))).toBe('agrees');
  });

  test('whatever history says inside the gap', () => {
    expect(why(judge(live))).toBe('agrees');
    expect(why(judge([...truth, ...truth.filter(({ ts }) => ts > before.toUs && ts < after.fromUs)]))).toBe(
      'agrees',
    );
  });

  test('on a narrow side with fifty ticks', () => {
    const narrow = { fromUs: before.toUs - 20 * SECOND, toUs: before.toUs };
    expect(judge(truth, { before: narrow })).toMatchObject({ agrees: true });
  });

  test('on a quiet side of a minute', () => {
    const quiet = truth.filter((_, i) => i % 90 === 0);
    expect(why(judge(quiet, { live: quiet.filter((tick) => live.includes(tick)) }))).toBe('agrees');
  });
});

describe('history does not agree', () => {
  test('whole seconds: resolution', () => {
    const floored = truth.map((tick) => ({ ...tick, ts: Math.floor(tick.ts / SECOND) * SECOND }));
    expect(why(judge(floored))).toBe('resolution');
  });

  test('noise above 1e-8: prices', () => {
    const noisy = truth.map((tick, i) => ({ ...tick, bid: tick.bid + (i % 3 === 0 ? 1e-7 : -1e-7) }));
    expect(why(judge(noisy))).toBe('prices');
    const rounded = truth.map((tick) => ({ ...tick, bid: Number(tick.bid.toFixed(4)) }));
    expect(why(judge(rounded))).toBe('prices');
  });

  test('no last or no volume where the live rows have one: last_volume', () => {
    expect(why(judge(truth.map((tick) => ({ ...tick, last: null }))))).toBe('last_volume');
    expect(why(judge(truth.map((tick) => ({ ...tick, volume: 0 }))))).toBe('last_volume');
    const { last: _, volume: __, ...bare } = truth[0] as Tick;
    expect(why(judge([{ ...bare }, ...truth.slice(1)]))).toBe('last_volume');
  });

  test('the same ticks an hour away, or half an hour, or under another offset: clock', () => {
    for (const hours of [1, -1, 2.5, -14])
      expect(why(judge(truth.map((tick) => ({ ...tick, ts: tick.ts + hours * HOUR }))))).toBe('clock');
    // Equal on the broker's wall clock, read under a rule that is an hour off.
    const other = truth.map((tick) => ({
      ...tick,
      ts: tick.ts + HOUR,
      utc_offset_s: tick.utc_offset_s - 3600,
    }));
    expect(why(judge(other))).toBe('clock');
  });

  test('one tick less or more on a side: history_lacks, history_has_more', () => {
    const at = truth.findIndex(({ ts }) => ts > after.fromUs);
    expect(why(judge(truth.toSpliced(at, 1)))).toBe('history_lacks');
    expect(why(judge(truth.toSpliced(at, 0, truth[at] as Tick)))).toBe('history_has_more');
    expect(why(judge([]))).toBe('history_lacks');
    expect(why(judge(truth, { live: live.slice(0, -1) }))).toBe('history_has_more');
    const silent = live.filter(({ ts }) => ts < before.toUs);
    expect(why(judge(truth, { live: silent }))).toBe('history_has_more');
  });

  test('one price wrong, one time wrong: no agreement', () => {
    const at = truth.findIndex(({ ts }) => ts > after.fromUs);
    const tick = truth[at] as Tick;
    expect(why(judge(truth.with(at, { ...tick, ask: tick.ask + 1e-5 })))).toBe('prices');
    expect(why(judge(truth.with(at, { ...tick, ts: tick.ts + 1000 })))).toBe('history_lacks');
  });

  test('too little to compare: too_few', () => {
    const narrow = { fromUs: before.toUs - 10 * SECOND, toUs: before.toUs };
    expect(why(judge(truth, { before: narrow }))).toBe('too_few');
    expect(why(judge(truth, { after: { fromUs: after.fromUs, toUs: after.fromUs } }))).toBe('too_few');
    const night = { fromUs: START - 600 * SECOND, toUs: START - 300 * SECOND };
    expect(why(judge(truth, { before: night }))).toBe('too_few');
    expect(why(judge([], { live: [] }))).toBe('too_few');
  });
});

test('it agrees exactly when the sides are equal as multisets', () => {
  const wide = { fromUs: 0, toUs: 60 * SECOND };
  const later = { fromUs: 100 * SECOND, toUs: 160 * SECOND };
  const tick = fc.record({
    ts: fc.integer({ min: 0, max: 170 }).map((s) => s * SECOND + 5000),
    utc_offset_s: fc.constant(0),
    bid: fc.constantFrom(1.1, 1.2),
    ask: fc.constant(1.3),
    last: fc.constantFrom(null, 1.2),
    volume: fc.constantFrom(0, 1, null),
  });
  const ticks = fc.array(tick, { minLength: 1, maxLength: 12 });
  const sideOf = (all: readonly ComparableTick[], range: { fromUs: number; toUs: number }): string[] =>
    all
      .filter(({ ts }) => ts >= range.fromUs && ts < range.toUs)
      .map((t) => JSON.stringify([t.ts, t.bid, t.last, t.volume === 0 ? null : t.volume]))
      .toSorted();
  fc.assert(
    fc.property(ticks, fc.option(ticks, { nil: [] }), fc.boolean(), (stream, extra, shuffled) => {
      const history = shuffled ? [...stream, ...extra].toReversed() : [...extra, ...stream];
      const verdict = agreement({ live: stream, history, before: wide, after: later });
      const sides = [wide, later].map((range) => [sideOf(stream, range), sideOf(history, range)] as const);
      const said = sides.every(([a]) => a.length > 0);
      const equal = sides.every(([a, b]) => a.join() === b.join());
      if (said) expect(verdict.agrees).toBe(equal);
      else expect(verdict.agrees).toBe(false);
    }),
    { numRuns: 3000 },
  );
});
