// Which clock rule holds for which stretch of a tape. A span begins at a receive time and lasts to the next one. Spans
// change by controlled steps only: a new rule from now on, or another rule for a stretch that nothing was written from.

import type { ClockRule } from './clock-rule.ts';
import { parseClockRule } from './parse-clock-rule.ts';

export interface ClockSpan {
  /** Receive time in UTC microseconds from which the rule holds. */
  readonly fromUs: number;
  /** Id of a clock rule. */
  readonly rule: string;
  /**
   * Something agreed with the rule: the gateway's own offset, a heartbeat or a live tick. Until then nothing of the span
   * is written to the database.
   */
  readonly confirmed: boolean;
  /** Who says so, for people. */
  readonly evidence: string;
  /** When the rule was chosen, by the tape's time; absent in spans of earlier releases: when it began. */
  readonly decidedUs?: number;
}

/** The span in force at a receive time: the last one that began; the first one for what is older than all. */
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
 * The spans after a rule took over from `fromUs`: spans that began at or after it are gone, and so is an unconfirmed
 * one that it follows, because nothing was ever written under it.
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
 * The spans after another rule was found for what waits from `fromUs` on. What somebody chose for later lines stays, and is judged when they
 * are read.
 */
export const settleSpans = (spans: readonly ClockSpan[], next: ClockSpan): ClockSpan[] => {
  const until = spans.filter((span) => span.fromUs <= next.fromUs);
  return joined([...stepSpans(until, next), ...spans.filter((span) => span.fromUs > next.fromUs)]);
};

/**
 * The spans after everything that was written before `untilUs` was corrected to one rule, so that the tape says again what the tables say.
 * What was decided since then is newer, wherever on the tape it begins. The same spans when they say so already.
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

/** What goes on with the same rule goes on. */
const joined = (spans: readonly ClockSpan[]): ClockSpan[] => {
  const kept: ClockSpan[] = [];
  for (const span of spans) {
    const last = kept.at(-1);
    if (last?.rule !== span.rule) kept.push(span);
    else kept[kept.length - 1] = { ...last, confirmed: last.confirmed || span.confirmed };
  }
  return kept;
};
