import { describe, expect, test } from 'vitest';
import { coverageOf, gapsOf, started, TapeScript } from '../../testing/tape-script.ts';

/** Start and end of each gap after the first ones, of one symbol. */
const gapOf = (script: TapeScript, symbol = 'EURUSD'): (number | null)[][] =>
  gapsOf(script)
    .filter(([event, of]) => event === 'ended' && of === symbol)
    .slice(1)
    .map(([, , , from, to]) => [from, to]);

/** A drop of a second, everything subscribed again at once. */
const drop = (script: TapeScript, seconds: number): TapeScript => {
  const acks = [
    { topic: 'prices', symbol: 'EURUSD' },
    { topic: 'prices', symbol: 'XAUUSD' },
  ];
  return script
    .drops(seconds + 0.5)
    .acks(...acks)
    .beats(seconds + 1, seconds + 10);
};

/** A second of ticks and heartbeats; one symbol stated so late. */
const run = (script: TapeScript, from: number, to: number, lateS = 0): TapeScript => {
  for (let s = from; s <= to; s++)
    script
      .beat(s)
      .tick('XAUUSD', s + 0.5)
      .tick('EURUSD', s + 0.6 - lateS, s + 0.6);
  return script;
};

describe('lateness', () => {
  test('widens the bounds of its symbol, and of no other', () => {
    const script = drop(run(run(started(), 3, 20, 7), 21, 60), 60);
    expect(gapOf(script)).toEqual([[53.6, 67.401]]);
    expect(gapOf(script, 'XAUUSD')).toEqual([[58, 63.001]]);
  });

  test('counts at once, also when no heartbeat came since', () => {
    const script = run(started(), 3, 60).tick('EURUSD', 50, 60.7);
    expect(gapsOf(script.drops(60.8)).at(-2)?.[3]).toBe(50);
  });

  test('is forgotten when an hour has passed', () => {
    const script = run(run(started(), 3, 20, 7), 21, 3600);
    expect(gapOf(drop(script, 3600))[0]?.[0]).toBeLessThan(3594);
    const later = run(run(started(), 3, 20, 7), 21, 4600);
    expect(gapOf(drop(later, 4600))).toEqual([[4598, 4603.001]]);
  });

  test('one tick of an hour ago is a stale one and widens nothing', () => {
    const script = run(started(), 3, 60).tick('EURUSD', -3600, 60.7);
    expect(gapOf(drop(run(script, 61, 70), 70))).toEqual([[68, 73.001]]);
  });

  test('a stale tick that comes before any other of its symbol widens nothing either', () => {
    const script = started().beat(3).tick('EURUSD', -9000, 3.6);
    expect(gapOf(drop(run(script, 4, 70), 70))).toEqual([[68, 73.001]]);
    const again = run(started().beat(3).tick('EURUSD', -9000, 3.6), 4, 20, 7);
    expect(gapOf(drop(run(again, 21, 70), 70))).toEqual([[63.6, 77.401]]);
    expect(gapOf(started().beats(3, 9).tick('EURUSD', -9000, 9.6).drops(9.7))).toEqual([]);
  });

  test('coverage trails by it', () => {
    expect(coverageOf(run(started(), 3, 60, 7), 'EURUSD').at(-1)?.[1]).toBeLessThanOrEqual(53.4);
  });
});

describe('a clock that is set', () => {
  // Five minutes before each switch of New York, and a clock that is simply set.
  test.each([
    ['back, in autumn', { rule: 'America/New_York+7h', start: '2026-11-01T05:55:00.000Z' }],
    ['forward, in spring', { rule: 'America/New_York+7h', start: '2026-03-08T06:55:00.000Z' }],
  ])('%s: gaps after it are as tight as before', (_, clock) => {
    const script = drop(run(started(clock), 3, 250), 250);
    for (const seconds of [290, 301, 330]) drop(run(script, seconds - 20, seconds), seconds);
    expect(gapOf(script)).toEqual([
      [248, 253.001],
      [288, 293.001],
      [299, 304.001],
      [328, 333.001],
    ]);
    expect(coverageOf(script, 'EURUSD').at(-1)?.[1]).toBeGreaterThan(325);
  });

  test('by a step of the server: ticks of before and after it are not late', () => {
    for (const stepS of [-600, 600, -3600]) {
      const script = run(started(), 3, 60);
      for (let s = 61; s <= 90; s++)
        script.beat(s, 'clean', true, s + stepS).tick('EURUSD', s + 0.5 + stepS, s + 0.5);
      script.drops(90.6).acks({ topic: 'prices', symbol: 'EURUSD' });
      for (let s = 91; s <= 95; s++) script.beat(s, 'clean', true, s + stepS);
      expect(gapOf(script)).toEqual([[88 + stepS, 93.001 + stepS]]);
    }
  });
});

describe('a delayed symbol', () => {
  const DELAY = 900;
  const delayed = (): TapeScript => run(started(), 3, 5000, DELAY);

  test.each([600, 900, 1800, 5400, 12_000])(
    'of %s s has its bounds shifted by its delay, and coverage that trails by it',
    (delay) => {
      const end = Math.max(5000, 2 * delay);
      const script = drop(run(started(), 3, end, delay), end);
      // A heartbeat comes 0.6 s before each tick: so much less late is it as that one tells it.
      const [[from, to] = []] = gapOf(script);
      expect(from).toBeCloseTo(end - 1.4 - delay, 3);
      expect(to).toBeCloseTo(end + 3.601 - delay, 3);
      expect(gapOf(script, 'XAUUSD')).toEqual([[end - 2, end + 3.001]]);
      const [, reach] = coverageOf(script, 'EURUSD').at(-2) ?? [];
      expect(reach).toBeCloseTo(end - 1.4 - delay, 1);
    },
  );

  test('by more than half an hour, with a tick of days ago and one of the future, has them where it says', () => {
    const script = run(started(), 3, 4000, 5400);
    script.tick('EURUSD', -200_000, 4000.7).tick('EURUSD', 40_000, 4000.8);
    const [[from, end] = []] = gapOf(drop(run(script, 4001, 5000, 5400), 5000));
    expect(from).toBeCloseTo(4998.6 - 5400, 3);
    expect(end).toBeCloseTo(5003.601 - 5400, 3);
  });

  test('that is delayed no more has them where they are, and wide for an hour', () => {
    const script = drop(run(delayed(), 5001, 5010), 5010);
    const [[from, to] = []] = gapOf(script);
    expect(from).toBeLessThanOrEqual(5010 - 899);
    expect(to).toBeGreaterThanOrEqual(5012);
  });

  test.each([DELAY, 5400, 12_000])(
    'of %s s is none after a few minutes of it, and its gaps are wide',
    (delay) => {
      for (const since of [3, 190]) {
        const script = drop(run(run(started(), 3, since), since + 1, 200, delay), 200);
        const [[from, to] = []] = gapOf(script);
        expect(from).toBeLessThanOrEqual(201 - delay);
        expect(to).toBeGreaterThanOrEqual(202);
      }
    },
  );
});
