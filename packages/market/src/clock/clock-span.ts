// Which clock rule holds for which stretch of a tape. A span begins at a receive time and lasts to the next one. Spans
// change by controlled steps only: a new rule from now on, or another rule for a stretch that nothing was written from.

import type { ClockRule } from './clock-rule.ts';
import { parseClockRule } from './parse-clock-rule.ts';
import { GUARD_US } from '../normalise.ts';
import type { UtcMs } from '../time.ts';

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
 * The spans after everything that was written before `untilUs` was corrected to one rule: those that began before it are one, so that the
 * tape says again what the tables say. The same spans when it says so already.
 */
export const correctSpans = (
  spans: readonly ClockSpan[],
  o: { readonly untilUs: number; readonly rule: string; readonly evidence: string },
): readonly ClockSpan[] => {
  const before = spans.filter((span) => span.fromUs < o.untilUs);
  const [first] = before;
  if (first === undefined || before.every((span) => span.rule === o.rule)) return spans;
  const confirmed = before.some((span) => span.confirmed);
  const after = spans.filter((span) => span.fromUs >= o.untilUs);
  const corrected = { fromUs: first.fromUs, rule: o.rule, confirmed, evidence: o.evidence };
  const [next] = after;
  // What went on with the same rule goes on.
  const same = next !== undefined && next.rule === o.rule;
  if (!same) return [corrected, ...after];
  return [{ ...corrected, confirmed: confirmed || next.confirmed }, ...after.slice(1)];
};

/** True when a broker time read under a rule lies within the guard of its receive time. */
export const agrees = (readMs: UtcMs, tsRecv: number): boolean => Math.abs(readMs * 1000 - tsRecv) < GUARD_US;
