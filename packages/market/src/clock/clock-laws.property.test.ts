// The laws of conversion over a million random instants, half of them close to a switch, against an independent implementation with
// data of its own.

import fc from 'fast-check';
import moment from 'moment-timezone';
import { expect, test } from 'vitest';
import { parseClockRule } from '../time/parse-clock-rule.ts';
import { brokerMs, utcMs } from '../time/time.ts';

const FROM = Date.UTC(2000, 0, 1);
const TO = Date.UTC(2038, 0, 1);
const HOUR = 3_600_000;
const INSTANTS = 500;
const RUNS = 400;

/** Rule, and what it is made of for the independent implementation: a zone and a shift until an instant, and so on. */
const RULES: readonly (readonly [
  string,
  readonly (readonly [zone: string, shiftS: number, until: number])[],
])[] = [
  ['America/New_York+7h', [['America/New_York', 25_200, TO]]],
  ['Europe/Athens', [['Europe/Athens', 0, TO]]],
  ['Europe/London-1h30m', [['Europe/London', -5400, TO]]],
  ['UTC+3h', [['UTC', 10_800, TO]]],
  [
    'Europe/Athens until 2025-06-07T12:00Z then America/New_York+7h until 2030-01-05T12:00Z then Australia/Lord_Howe',
    [
      ['Europe/Athens', 0, Date.UTC(2025, 5, 7, 12)],
      ['America/New_York', 25_200, Date.UTC(2030, 0, 5, 12)],
      ['Australia/Lord_Howe', 0, TO],
    ],
  ],
];

test.each(RULES)('%s: 200,000 instants', (text, parts) => {
  const rule = parseClockRule(text);
  const zones = parts.map(([zone, shiftS, until]) => ({ zone: moment.tz.zone(zone), shiftS, until }));
  const independent = (utc: number): number => {
    const part = zones.find(({ until }) => utc < until);
    return Math.round((part?.zone?.utcOffset(utc) ?? Number.NaN) * -60) + (part?.shiftS ?? 0);
  };
  const switches = rule.switchesBetween(FROM, TO).map((each) => each.utcMs);
  const anywhere = fc.integer({ min: FROM, max: TO - 1 });
  const close = fc
    .tuple(fc.nat(Math.max(0, switches.length - 1)), fc.integer({ min: -3 * HOUR, max: 3 * HOUR }))
    .map(([i, off]) => (switches[i] ?? FROM + 4 * HOUR) + off);
  const instants = fc.array(fc.oneof(anywhere, close), { minLength: INSTANTS, maxLength: INSTANTS });
  fc.assert(
    fc.property(instants, fc.integer({ min: -600_000, max: 600_000 }), (each, off) => {
      // Plain comparisons: a million calls of `expect` would be most of the time.
      const wrong = each.find((utc) => {
        const offsetS = rule.offsetAt(utc);
        if (offsetS !== independent(utc)) return true;
        const broker = rule.toBroker(utcMs(utc));
        const reading = rule.read(broker, { utcMs: utc + off });
        return reading.ms !== utc || reading.offsetS !== offsetS || reading.occurrence === 'never';
      });
      expect(wrong).toBeUndefined();
      const ordered = each.toSorted((a, b) => a - b).map((utc) => rule.toBroker(utcMs(utc)));
      // Wall clock goes backwards across a switch only, and then each fold is in order by itself.
      for (const fold of [1, 2] as const) {
        const occurring = ordered
          .toSorted((a, b) => a - b)
          .map((broker) => [broker, rule.read(brokerMs(broker), { fold }).ms] as const);
        const back = occurring.find(
          ([broker, ms], i) =>
            i > 0 && broker > (occurring[i - 1]?.[0] ?? 0) && ms <= (occurring[i - 1]?.[1] ?? 0),
        );
        expect(back).toBeUndefined();
      }
    }),
    { numRuns: RUNS },
  );
});
