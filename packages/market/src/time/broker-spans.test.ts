// Stretches of wall clock say what the rule says of every time in them, and leave nothing out.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { brokerMs } from './time.ts';
import { brokerSpans, isRepeated } from './broker-spans.ts';
import { parseClockRule } from './parse-clock-rule.ts';

const FROM = Date.UTC(2001, 0, 1);
const TO = Date.UTC(2037, 0, 1);
const HOUR = 3_600_000;
const RULES = [
  'America/New_York+7h',
  'Europe/Athens',
  'Europe/London',
  'UTC+2h',
  'Europe/Athens until 2025-06-21T12:00Z then America/New_York+7h',
  'Australia/Lord_Howe',
];

test.each(RULES)('%s', (text) => {
  const rule = parseClockRule(text);
  const spans = brokerSpans(rule, FROM, TO);
  expect(spans[0]?.fromMs).toBe(FROM);
  expect(spans.at(-1)?.toMs).toBe(TO);
  for (const [i, span] of spans.entries()) if (i > 0) expect(span.fromMs).toBe(spans[i - 1]?.toMs);
  const switches = rule.switchesBetween(FROM, TO);
  const close = fc
    .tuple(fc.nat(Math.max(0, switches.length - 1)), fc.integer({ min: -16 * HOUR, max: 16 * HOUR }))
    .map(([i, off]) => (switches[i]?.utcMs ?? FROM + 20 * HOUR) + off);
  fc.assert(
    fc.property(fc.oneof(close, fc.integer({ min: FROM, max: TO - 1 })), (at) => {
      const ms = brokerMs(Math.min(Math.max(at, FROM), TO - 1));
      const span = spans.find(({ fromMs, toMs }) => fromMs <= ms && ms < toMs);
      const first = rule.read(ms, { fold: 1 });
      const second = rule.read(ms, { fold: 2 });
      if (span === undefined) throw new Error('no stretch holds this time');
      if (isRepeated(span)) expect([span.firstS, span.secondS]).toEqual([first.offsetS, second.offsetS]);
      else expect([span.offsetS, first.occurrence === 'twice']).toEqual([first.offsetS, false]);
    }),
    { numRuns: 3000 },
  );
});
