import { expect, test } from 'vitest';
import { isoMs, readInstant } from './instant.ts';

const NOW = Date.parse('2026-11-23T12:00:00Z');

test.for([
  ['2026-11-22', '2026-11-22T00:00:00.000Z'],
  ['2026-11-22T08:30', '2026-11-22T08:30:00.000Z'],
  ['2026-11-22 08:30:01.250', '2026-11-22T08:30:01.250Z'],
  ['2026-11-22T08:30:00+02:00', '2026-11-22T06:30:00.000Z'],
  ['12h', '2026-11-23T00:00:00.000Z'],
  ['90s', '2026-11-23T11:58:30.000Z'],
] as const)('%s', ([text, iso]) => {
  expect(isoMs(readInstant(text, NOW) ?? Number.NaN)).toBe(iso);
});

test.for(['yesterday', '2026-13-45', '', '23', '2026-11-22T08', '2300-01-01', '1900-01-01', '99999d'])(
  '"%s" is no time',
  (text) => {
    expect(readInstant(text, NOW)).toBeNull();
  },
);
