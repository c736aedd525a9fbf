import { expect, test } from 'vitest';
import { type ClockSpan, correctSpans, settleSpans } from './clock-span.ts';

const span = (fromUs: number, rule: string, decidedUs?: number): ClockSpan => ({
  fromUs,
  rule,
  confirmed: true,
  evidence: '',
  ...(decidedUs === undefined ? {} : { decidedUs }),
});
const rules = (spans: readonly ClockSpan[]) => spans.map(({ fromUs, rule }) => [fromUs, rule]);
const applied = { untilUs: 100, rule: 'UTC+2h', evidence: 'clock apply' };

test('a correction of the tables does not override what was decided after it: the first rule of a new tape', () => {
  const spans = [span(0, 'UTC+3h', 150)];
  expect(correctSpans(spans, applied)).toBe(spans);
  // Without a time of decision, of an earlier release, a span was decided when it began.
  expect(rules(correctSpans([span(0, 'UTC+3h')], applied))).toEqual([[0, 'UTC+2h']]);
});

test('nor a rule that was found later for lines from before it, at this start or any later one', () => {
  const once = correctSpans([span(0, 'UTC+3h', 0)], applied);
  const settled = settleSpans(once, span(50, 'UTC+4h', 150));
  expect(rules(settled)).toEqual([
    [0, 'UTC+2h'],
    [50, 'UTC+4h'],
  ]);
  expect(correctSpans(settled, applied)).toBe(settled);
  // A newer correction is the newest decision.
  expect(rules(correctSpans(settled, { ...applied, untilUs: 200 }))).toEqual([[0, 'UTC+2h']]);
});

test('a rule that is found for lines that wait leaves what was chosen for later ones', () => {
  const spans = [span(0, 'UTC+3h', 0), span(80, 'UTC+5h', 80), span(90, 'UTC+6h', 90)];
  expect(rules(settleSpans(spans, span(50, 'UTC+4h', 100)))).toEqual([
    [0, 'UTC+3h'],
    [50, 'UTC+4h'],
    [80, 'UTC+5h'],
    [90, 'UTC+6h'],
  ]);
  expect(rules(settleSpans(spans, span(50, 'UTC+5h', 100)))).toEqual([
    [0, 'UTC+3h'],
    [50, 'UTC+5h'],
    [90, 'UTC+6h'],
  ]);
});
