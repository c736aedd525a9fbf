import { describe, expect, it } from 'vitest';
import { DayFigures } from './day-figures.ts';

const S = 1_000_000;
const bar = (minute: number, prices: readonly [number, number, number, number]) => {
  const [open, high, low, close] = prices;
  return { ts: minute * 60 * S, open, high, low, close };
};
const tick = (second: number, bid: number) => ({ ts: second * S, bid });

describe('DayFigures', () => {
  it('counts the bars that the ticks rebuild', () => {
    const figures = new DayFigures([bar(0, [1.1, 1.3, 1, 1.2]), bar(1, [1.2, 1.2, 1.2, 1.2])], 0);
    figures.add([tick(1, 1.1), tick(2, 1.3), tick(3, 1), tick(59, 1.2 + 1e-12)]);
    figures.add([tick(70, 1.25)]);
    expect(figures.end(180 * S)).toMatchObject({ ticks: 5, matched: 1 });
  });

  it('measures silence only where the broker had ticks', () => {
    const flat = [1, 1, 1, 1] as const;
    const figures = new DayFigures([bar(0, flat), bar(1, flat), bar(60, flat)], 0);
    figures.add([tick(10, 1), tick(3630, 1)]);
    // 110 s of the two first minutes and 30 s of the last one.
    expect(figures.end(86_400 * S)).toMatchObject({ longestSilenceS: 140 });
  });

  it('is silent the whole day without a tick', () => {
    const flat = [1, 1, 1, 1] as const;
    const figures = new DayFigures([bar(5, flat), bar(9, flat)], 0);
    expect(figures.end(86_400 * S)).toEqual({ ticks: 0, matched: 0, longestSilenceS: 120 });
  });
});
