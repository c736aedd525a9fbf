import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QuestDbHttp } from '../wire/quest-db-http.ts';
import { cut, tableStretches } from './table-stretches.ts';

const DAY_US = 86_400_000_000;
const at = (text: string): number => Date.parse(text) * 1000;

const partitions = (rows: readonly (readonly [string, number])[]): Pick<QuestDbHttp, 'exec'> => ({
  exec: async () => ({
    columns: [],
    dataset: rows.map(([time, n]) => [String(at(time)), String(n)]),
  }),
});

describe('stretches of a table', () => {
  it('are its partitions, from edge to edge of the calendar', async () => {
    const days = partitions([
      ['2026-02-28T05:00:00Z', 10],
      ['2026-03-01T00:00:00Z', 10],
    ]);
    expect(await tableStretches(days, 'ticks', 100)).toEqual([
      { fromUs: at('2026-02-28T00:00:00Z'), toUs: at('2026-03-01T00:00:00Z') },
      { fromUs: at('2026-03-01T00:00:00Z'), toUs: at('2026-03-02T00:00:00Z') },
    ]);
    const months = partitions([['2026-12-24T05:00:00Z', 10]]);
    expect(await tableStretches(months, 'bars', 100)).toEqual([
      { fromUs: at('2026-12-01T00:00:00Z'), toUs: at('2027-01-01T00:00:00Z') },
    ]);
    const years = partitions([['2024-12-24T05:00:00Z', 10]]);
    expect(await tableStretches(years, 'clock_rules', 100)).toEqual([
      { fromUs: at('2024-01-01T00:00:00Z'), toUs: at('2025-01-01T00:00:00Z') },
    ]);
  });

  it('counts a partition that stands in two pieces once', async () => {
    const split = partitions([
      ['2026-02-28T00:00:00Z', 60],
      ['2026-02-28T20:00:00Z', 60],
    ]);
    expect(await tableStretches(split, 'ticks', 100)).toHaveLength(2);
  });

  it('touch, and keep their edges while the rows grow within the same doubling', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 300, noNaN: true }), (times) => {
        const parts = cut(0, DAY_US, times);
        expect(parts[0]?.fromUs).toBe(0);
        expect(parts.at(-1)?.toUs).toBe(DAY_US);
        for (const [i, { fromUs }] of parts.entries()) if (i > 0) expect(parts[i - 1]?.toUs).toBe(fromUs);
        expect(times / parts.length).toBeLessThanOrEqual(1);
        const edges = new Set(cut(0, DAY_US, times * 2).map(({ fromUs }) => fromUs));
        for (const { fromUs } of parts) expect(edges.has(fromUs)).toBe(true);
      }),
    );
  });
});
