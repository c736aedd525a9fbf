import { expect, test } from 'vitest';
import { type BarSpan, emptyProof } from './empty-proof.ts';
import { missingEstimate } from './missing-estimate.ts';

const MINUTE = 60_000_000;
const bar = (minute: number): BarSpan => ({ fromUs: minute * MINUTE, toUs: (minute + 1) * MINUTE });
const bars = (...minutes: number[]): BarSpan[] => minutes.map(bar);
const gap = { fromUs: 100.5 * MINUTE, toUs: 110.5 * MINUTE };
const around = bars(98, 99, 111, 112);
const prove = (first: readonly BarSpan[], second: readonly BarSpan[] = first, apartMs = 60_000) =>
  emptyProof({ gap, first, second, apartMs, session: 'unknown' });

test('two agreeing answers a minute apart that bracket the gap prove that it is empty', () => {
  expect(prove(around)).toEqual({ proved: true, why: 'proved', session: 'unknown' });
  expect(prove(around.toReversed(), around)).toMatchObject({ proved: true });
  expect(prove(around, [...around, bar(113)])).toMatchObject({ proved: true });
});

test('nothing less does', () => {
  expect(prove(around, around, 59_999).why).toBe('too_soon');
  expect(prove(bars(111)).why).toBe('no_bar_before');
  // A terminal that has not synchronised yet has no bar after the gap.
  expect(prove(bars(98, 99)).why).toBe('no_bar_after');
  expect(prove(bars(98, 99), around).why).toBe('no_bar_after');
  expect(prove([]).why).toBe('no_bar_before');
  expect(prove(around, bars(98, 99, 112)).why).toBe('answers_differ');
  expect(prove(around, [...bars(97), ...around]).why).toBe('answers_differ');
  expect(prove(around, bars(98, 99, 111)).why).toBe('answers_differ');
});

test('a bar that overlaps the gap, wholly or in part, in either answer, is a tick', () => {
  for (const minute of [100, 105, 110]) {
    expect(prove([...around, bar(minute)]).why).toBe('bar_inside');
    expect(prove(around, [...around, bar(minute)]).why).toBe('bar_inside');
  }
  const day = { fromUs: 0, toUs: 1440 * MINUTE };
  expect(prove([day, ...around]).why).toBe('bar_inside');
  expect(prove(bars(99, 111)).proved).toBe(true);
});

test('the estimate is what the broker counted beyond what is stored, minute by minute', () => {
  const counted = [98, 100, 103, 110, 111].map((minute) => ({ ...bar(minute), tickVolume: 50 }));
  const stored = new Map([
    [98 * MINUTE, 10],
    [100 * MINUTE, 20],
    [103 * MINUTE, 70],
    [111 * MINUTE, 5],
  ]);
  expect(missingEstimate({ gap, bars: counted, storedByMinute: stored })).toBe(30 + 0 + 50);
  expect(missingEstimate({ gap, bars: counted.slice(0, 1), storedByMinute: stored })).toBeNull();
  expect(missingEstimate({ gap, bars: counted.slice(3), storedByMinute: stored })).toBeNull();
  expect(missingEstimate({ gap, bars: [], storedByMinute: stored })).toBeNull();
  const quiet = [98, 111].map((minute) => ({ ...bar(minute), tickVolume: 50 }));
  expect(missingEstimate({ gap, bars: quiet, storedByMinute: new Map() })).toBe(0);
});

test('what sessions say stands beside the verdict and changes nothing of it', () => {
  for (const session of ['shut', 'open', 'partly', 'unknown'] as const) {
    const ask = (first: readonly BarSpan[]) =>
      emptyProof({ gap, first, second: first, apartMs: 60_000, session });
    expect(ask(around)).toEqual({ proved: true, why: 'proved', session });
    expect(ask(bars(98, 99))).toEqual({ proved: false, why: 'no_bar_after', session });
    expect(ask(bars(98, 99, 105, 111))).toEqual({ proved: false, why: 'bar_inside', session });
  }
});
