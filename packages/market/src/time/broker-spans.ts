// A clock rule as stretches of the broker's wall clock, to convert rows whose broker time is known. In: a rule, and a range of wall-clock times.
// Out: stretches in order, without holes. Each has one offset, or two if its times occur twice. A skipped hour belongs to the stretch before
// it, as in ClockRule.read.

import { type BrokerMs, brokerMs } from './time.ts';
import type { ClockRule, RepeatedHour } from './clock-rule.ts';

/** Wall-clock times `[fromMs, toMs)` that are read with one offset. */
export interface PlainSpan {
  readonly fromMs: BrokerMs;
  readonly toMs: BrokerMs;
  readonly offsetS: number;
}

export type BrokerSpan = PlainSpan | RepeatedHour;

export const isRepeated = (span: BrokerSpan): span is RepeatedHour => 'firstS' in span;

/** The stretches that hold `[fromMs, toMs)`, cut to it. */
export const brokerSpans = (rule: ClockRule, fromMs: number, toMs: number): BrokerSpan[] => {
  const spans: BrokerSpan[] = [];
  let start = fromMs;
  const plain = (end: number, offsetS: number): void => {
    const until = Math.min(end, toMs);
    if (until > start) spans.push({ fromMs: brokerMs(start), toMs: brokerMs(until), offsetS });
    start = Math.max(start, until);
  };
  for (const [i, { fromUtcMs, offsetS: afterS }] of rule.intervals.entries()) {
    const beforeS = rule.intervals[i - 1]?.offsetS;
    if (beforeS === undefined) continue;
    const shows = fromUtcMs + afterS * 1000;
    plain(shows, beforeS);
    const repeatsTo = Math.min(fromUtcMs + beforeS * 1000, toMs);
    if (repeatsTo <= start) continue;
    spans.push({ fromMs: brokerMs(start), toMs: brokerMs(repeatsTo), firstS: beforeS, secondS: afterS });
    start = repeatsTo;
  }
  plain(Number.POSITIVE_INFINITY, rule.intervals.at(-1)?.offsetS ?? 0);
  return spans;
};
