import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Range, unite } from '../time/ranges.ts';
import { historyClaim } from './history-claim.ts';

const DAY = 86_400_000_000;
const START = Date.UTC(2025, 10, 1) * 1000;
const key = (timeframe: string | null) => ({
  account: 'a',
  feed: 'f',
  symbol: 's',
  stream: 'bars',
  timeframe,
});
const claim = (known: readonly Range[], proved: Range, timeframe: string | null = 'M1') =>
  historyClaim({ key: key(timeframe), known, proved, rows: 3, ruleId: 'UTC' });
const utc = (...at: [number, number, number?]): number => Date.UTC(...at) * 1000;

test('a row grows with what is proved after it, and a new month begins a new row', () => {
  const january = { fromUs: utc(2026, 0, 5), toUs: utc(2026, 0, 7) };
  expect(claim([], january)).toEqual({
    ts: january.fromUs,
    ...key('M1'),
    range_id: 'history',
    ts_to: january.toUs,
    source: 'history',
    rows: 3,
    rule_id: 'UTC',
  });
  const next = { fromUs: utc(2026, 0, 7), toUs: utc(2026, 0, 9) };
  expect(claim([january], next)).toMatchObject({ ts: january.fromUs, ts_to: next.toUs });
  const known = [{ fromUs: utc(2026, 0, 5), toUs: utc(2026, 2, 3) }];
  const march = { fromUs: utc(2026, 2, 3), toUs: utc(2026, 2, 4) };
  expect(claim(known, march)).toMatchObject({ ts: utc(2026, 2, 1), ts_to: march.toUs });
  expect(claim(known, march, 'H4')).toMatchObject({ ts: utc(2026, 0, 5), ts_to: march.toUs });
  const hole = { fromUs: utc(2026, 2, 3), toUs: utc(2026, 2, 5) };
  expect(claim([...known, { fromUs: hole.toUs, toUs: utc(2026, 4, 1) }], hole)).toMatchObject({
    ts: utc(2026, 2, 1),
    ts_to: utc(2026, 4, 1),
  });
  expect(() => claim([], { fromUs: 5, toUs: 5 })).toThrow(RangeError);
});

test('in whatever order ranges are proved, the rows claim exactly what was proved, and they are few', () => {
  const span = 400;
  const range = fc
    .tuple(fc.integer({ min: 0, max: span }), fc.integer({ min: 1, max: 60 }))
    .map(([from, days]) => ({ fromUs: START + from * DAY, toUs: START + (from + days) * DAY }));
  fc.assert(
    fc.property(
      fc.array(range, { minLength: 1, maxLength: 30 }),
      fc.constantFrom('M1', 'H1', null),
      (proofs, timeframe) => {
        const rows = new Map<number, number>();
        const proved: Range[] = [];
        const starts = new Set<number>();
        const buckets = new Set<string>();
        for (const one of proofs) {
          const row = claim(unite(proved), one, timeframe);
          rows.set(row.ts, row.ts_to);
          proved.push(one);
          for (const { fromUs } of unite(proved)) starts.add(fromUs);
          buckets.add(new Date(one.fromUs / 1000).toISOString().slice(0, timeframe === 'H1' ? 4 : 7));
          const claimed = unite([...rows].map(([fromUs, toUs]) => ({ fromUs, toUs })));
          expect(claimed).toEqual(unite(proved));
        }
        expect(rows.size).toBeLessThanOrEqual(buckets.size + starts.size);
      },
    ),
    { numRuns: 1000 },
  );
});

test('a stream that is followed minute by minute has one row a month', () => {
  const rows = new Set<number>();
  let known: Range[] = [];
  for (let at = START; at < START + 90 * DAY; at += DAY / 24) {
    const one = { fromUs: at, toUs: at + DAY / 24 };
    rows.add(claim(known, one).ts);
    known = unite([...known, one]);
  }
  expect(rows.size).toBe(3);
});

test('known coverage that is stale claims less, never more', () => {
  const all = { fromUs: START, toUs: START + 20 * DAY };
  const late = { fromUs: START + 3 * DAY, toUs: START + 4 * DAY };
  expect(claim([], late)).toMatchObject({ ts: late.fromUs, ts_to: late.toUs });
  expect(claim([{ ...all, toUs: late.fromUs }], late)).toMatchObject({ ts: all.fromUs, ts_to: late.toUs });
});
