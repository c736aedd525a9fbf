import { expect, test } from 'vitest';
import { asBound, type BrokerTime, checkedBound, toBrokerTime, toUtc, wallMs } from './broker-time.ts';

const at = (text: string): BrokerTime => text as BrokerTime;

test.each([
  ['2026-06-22T16:53:56Z', 10_800, '2026-06-22T13:53:56.000Z'],
  ['2026-06-22T16:53:56.728Z', 7200, '2026-06-22T14:53:56.728Z'],
  ['2026-06-22T16:53:56', -18_000, '2026-06-22T21:53:56.000Z'],
  ['2026-06-22', 0, '2026-06-22T00:00:00.000Z'],
])('%s at %d is %s', (time, offset, utc) => {
  expect(toUtc(time, offset).toISOString()).toBe(utc);
  expect(toBrokerTime(new Date(utc), offset)).toBe(asBound(at(time)));
});

test.each([
  '',
  'yesterday',
  '2026-02-30T00:00:00Z',
  '2026-06-22T25:00:00',
  '2026-06-22T16:53:56+02:00',
  '2026-6-2',
])('%j is no broker time', (text) => {
  expect(wallMs(text)).toBeNull();
  expect(() => toUtc(text, 0)).toThrow(expect.objectContaining({ code: 'FXSOCKET_BAD_ARGUMENT' }));
});

test.each([Number.NaN, 86_401, Number.POSITIVE_INFINITY])('an offset of %d is none', (offset) => {
  expect(() => toUtc('2026-06-22', offset)).toThrow('offsetSeconds');
});

test('a bound without a zone is taken, one with a zone is refused and says what to do', () => {
  for (const bound of [
    undefined,
    '2026-06-22',
    '2026-06-22T16:53',
    '2026-06-22T16:53:56',
    '2026-06-22T16:53:56.5',
  ])
    expect(() => checkedBound('from', bound)).not.toThrow();
  for (const bound of ['2026-06-22T16:53:56Z', '2026-06-22T16:53:56+02:00', '2026-06-22T16:53:56z'])
    expect(() => checkedBound('from', bound)).toThrow(
      /^from must be broker time without a zone.*asBound\(\).*toBrokerTime\(\)/,
    );
  for (const bound of ['', 'today', new Date(), 5, null])
    expect(() => checkedBound('to', bound)).toThrow(/^to must be/);
});
