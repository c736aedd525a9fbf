// Which clock rule holds for which stretch of a tape. A span begins at a receive time and lasts until the next one. Spans change in two ways only:
// a new rule from now on, or another rule for a stretch from which nothing was written.

import type { ClockRule } from './clock-rule.ts';
import { parseClockRule } from './parse-clock-rule.ts';

export interface ClockSpan {
  /** Receive time in UTC microseconds from which the rule holds. */
  readonly fromUs: number;
  /** Id of a clock rule. */
  readonly rule: string;
  /**
   * Something agreed with the rule: the gateway's own offset, a heartbeat or a live tick. Until then no row of the span is written to the
   * database.
   */
  readonly confirmed: boolean;
  /** Where the rule comes from, for people. */
  readonly evidence: string;
  /** When the rule was chosen, by the tape's time. Absent in spans of earlier releases, which use `fromUs`. */
  readonly decidedUs?: number;
}

/** The span in force at a receive time: the last one that began; for times before all spans, the first. */
export const spanAt = (spans: readonly ClockSpan[], tsRecv: number): ClockSpan | null => {
  for (let i = spans.length - 1; i >= 0; i--) {
    const span = spans[i] as ClockSpan;
    if (span.fromUs <= tsRecv) return span;
  }
  return spans[0] ?? null;
};

export const ruleAt = (spans: readonly ClockSpan[], tsRecv: number): ClockRule | null => {
  const span = spanAt(spans, tsRecv);
  return span === null ? null : parseClockRule(span.rule);
};

/**
 * The spans after a rule took over from `fromUs`. Spans that began at or after it are removed, and so is an unconfirmed span before it, because
 * nothing was written under it.
 */
export const stepSpans = (spans: readonly ClockSpan[], next: ClockSpan): ClockSpan[] => {
  const kept = spans.filter((span) => span.fromUs < next.fromUs);
  const last = kept.at(-1);
  const replaced = last !== undefined && !last.confirmed ? last : null;
  if (replaced !== null) kept.pop();
  const start = { ...next, fromUs: replaced === null ? next.fromUs : replaced.fromUs };
  const before = kept.at(-1);
  if (before !== undefined && before.rule === start.rule && before.confirmed) return kept;
  return [...kept, start];
};

/** The same spans with the one in force at `tsRecv` confirmed. */
export const confirmSpan = (spans: readonly ClockSpan[], tsRecv: number, evidence: string): ClockSpan[] => {
  const span = spanAt(spans, tsRecv);
  return spans.map((each) => (each === span ? { ...each, confirmed: true, evidence } : each));
};

/**
 * The spans after another rule was found for the lines that wait from `fromUs` on. Rules chosen for later lines stay, and are checked when those
 * lines are read.
 */
export const settleSpans = (spans: readonly ClockSpan[], next: ClockSpan): ClockSpan[] => {
  const until = spans.filter((span) => span.fromUs <= next.fromUs);
  return joined([...stepSpans(until, next), ...spans.filter((span) => span.fromUs > next.fromUs)]);
};

/**
 * The spans after all rows written before `untilUs` were corrected to one rule, so that tape and tables agree again. Rules decided since then
 * stay, wherever on the tape they begin. Returns the same spans if nothing changes.
 */
export const correctSpans = (
  spans: readonly ClockSpan[],
  { evidence, rule, untilUs }: { readonly untilUs: number; readonly rule: string; readonly evidence: string },
): readonly ClockSpan[] => {
  const isOlder = ({ decidedUs, fromUs }: ClockSpan): boolean =>
    fromUs < untilUs && (decidedUs ?? fromUs) < untilUs;
  if (!spans.some((span) => isOlder(span) && span.rule !== rule)) return spans;
  return joined(
    spans.map((span) => (isOlder(span) ? { ...span, rule, evidence, decidedUs: untilUs } : span)),
  );
};

/** Joins neighbouring spans of one rule. */
const joined = (spans: readonly ClockSpan[]): ClockSpan[] => {
  const kept: ClockSpan[] = [];
  for (const span of spans) {
    const last = kept.at(-1);
    if (last?.rule !== span.rule) kept.push(span);
    else kept[kept.length - 1] = { ...last, confirmed: last.confirmed || span.confirmed };
  }
  return kept;
};
