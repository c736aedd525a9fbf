import { describe, expect, it } from 'vitest';
import { sideWindow, type SideSource } from './side-window.ts';

const S = 1_000_000;
const gap = { fromUs: 1000 * S, toUs: 1100 * S };

/** Ticks at these seconds. */
function source(o: {
  covered: readonly (readonly [number, number])[];
  gaps?: readonly (readonly [number, number])[];
  ticks: readonly number[];
}): SideSource {
  const range = ([from, to]: readonly [number, number]) => ({ fromUs: from * S, toUs: to * S });
  return {
    gap,
    covered: o.covered.map(range),
    gaps: [gap, ...(o.gaps ?? []).map(range)],
    nearest: async ({ fromUs, toUs }, limit, side) => {
      const inside = o.ticks.map((s) => s * S).filter((us) => us >= fromUs && us < toUs);
      const sorted = inside.toSorted((a, b) => (side === 'before' ? b - a : a - b));
      return sorted.slice(0, limit);
    },
  };
}
const everySecond = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, i) => from + i);

describe('sideWindow', () => {
  it('takes a minute next to the gap where ticks are frequent', async () => {
    const ticks = everySecond(0, 2000);
    const of = source({ covered: [[0, 2000]], ticks });
    expect(await sideWindow('before', of)).toMatchObject({ window: { fromUs: 940 * S, toUs: 1000 * S } });
    expect(await sideWindow('after', of)).toMatchObject({ window: { fromUs: 1100 * S, toUs: 1160 * S } });
  });

  it('reaches further for enough ticks where they are rare', async () => {
    const ticks = everySecond(0, 100).map((n) => n * 10);
    const found = await sideWindow('before', source({ covered: [[0, 1000]], ticks }));
    expect(found).toMatchObject({ window: { fromUs: 500 * S, toUs: 1000 * S }, ticks: 50, best: false });
  });

  it('steps over another gap, and over what is not covered', async () => {
    const of = source({
      covered: [
        [0, 700],
        [800, 1000],
      ],
      gaps: [[850, 1000]],
      ticks: everySecond(0, 1000),
    });
    expect(await sideWindow('before', of)).toMatchObject({
      window: { fromUs: 790 * S + 10 * S, toUs: 850 * S },
    });
    const narrow = source({
      covered: [
        [0, 700],
        [990, 1000],
      ],
      ticks: everySecond(0, 1000),
    });
    expect(await sideWindow('before', narrow)).toMatchObject({ window: { fromUs: 640 * S, toUs: 700 * S } });
  });

  it('names a poor side as such, and none as none', async () => {
    const poor = await sideWindow('after', source({ covered: [[1100, 1300]], ticks: [1150, 1200] }));
    expect(poor).toEqual({ window: { fromUs: 1100 * S, toUs: 1300 * S }, ticks: 2, best: true });
    expect(await sideWindow('after', source({ covered: [[1100, 1300]], ticks: [] }))).toEqual({
      window: null,
    });
    expect(await sideWindow('after', source({ covered: [], ticks: everySecond(1100, 1300) }))).toEqual({
      window: null,
    });
  });

  it('never cuts a moment in two', async () => {
    const ticks = [...everySecond(1100, 1149), ...Array.from({ length: 9 }, () => 1149)];
    const found = await sideWindow('after', source({ covered: [[1100, 1150]], ticks }));
    expect(found).toMatchObject({ window: { fromUs: 1100 * S } });
    expect(found.window?.toUs).toBeGreaterThan(1149 * S);
  });
});
