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

test('never throws', () => {
  fc.assert(fc.property(fc.string({ maxLength: 40 }), (text) => void parseBrokerTime(text)));
});
