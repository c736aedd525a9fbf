import fc from 'fast-check';
import { expect, test } from 'vitest';
import { brokerMs, formatBrokerTime, parseBrokerTime } from './time.ts';

test('reads every millisecond of four centuries as it was written', () => {
  fc.assert(
    fc.property(fc.integer({ min: Date.UTC(1800, 0), max: Date.UTC(2200, 0) }), (ms) => {
      expect(parseBrokerTime(formatBrokerTime(brokerMs(ms)))).toEqual({ ms, resolutionMs: 1 });
    }),
    { numRuns: 5000 },
  );
});

test('says how much a string leaves open', () => {
  const at = Date.UTC(2026, 5, 22, 16, 53, 56);
  expect(parseBrokerTime('2026-06-22T16:53:56Z')).toEqual({ ms: at, resolutionMs: 1000 });
  expect(parseBrokerTime('2026-06-22 16:53:56')).toEqual({ ms: at, resolutionMs: 1000 });
  expect(parseBrokerTime('2026-06-22T16:53:56.7Z')).toEqual({ ms: at + 700, resolutionMs: 1 });
  expect(parseBrokerTime('2026-06-22T16:53:56.728999')).toEqual({ ms: at + 728, resolutionMs: 1 });
});

test.each([
  '',
  '2026-06-22',
  '2026-06-22T16:53',
  '2026-02-30T00:00:00Z',
  '2026-13-01T00:00:00Z',
  '2026-06-22T24:00:00Z',
  '2026-06-22T16:53:56+03:00',
  '2026-06-22T16:53:56.Z',
  '2026-06-22T16:53:56.12x',
  '20x6-06-22T16:53:56Z',
  '2026-06-22T1a:53:56Z',
])('refuses %j', (text) => {
  expect(parseBrokerTime(text)).toBeNull();
});

test('a minute that was just read changes no later reading', () => {
  const near = fc.integer({ min: -90_000, max: 90_000 });
  const around = fc.constantFrom(Date.UTC(2026, 5, 22, 16, 53), Date.UTC(1969, 11, 31, 23, 59), 0);
  fc.assert(
    fc.property(around, fc.array(near, { minLength: 2, maxLength: 20 }), (at, steps) => {
      for (const step of steps) {
        const text = formatBrokerTime(brokerMs(at + step));
        expect(parseBrokerTime(text)).toEqual({ ms: at + step, resolutionMs: 1 });
      }
    }),
  );
  expect(parseBrokerTime('2026-06-22T16:53:56.728Z')).not.toBeNull();
  for (const text of [
    '2026-06-22T16:53:60.728Z',
    '2026-06-22T16:53:5x.728Z',
    '2026-06-22T16:53:56.7x8Z',
    '2026-06-22T16:53:56.728z',
  ])
    expect(parseBrokerTime(text), text).toBeNull();
});

test('never throws', () => {
  fc.assert(fc.property(fc.string({ maxLength: 40 }), (text) => void parseBrokerTime(text)));
});
