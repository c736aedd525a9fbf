// Small jobs that are due by the calendar: each symbol's specification when it is new and once a day, the audit, and the comparison of each
// broker day with the broker's own count once its minute bars are there. In: the plan's input. Out: jobs.
import type { PlannedJob } from '@fxtape/jobs';
import { type Range, streamId } from '@fxtape/market';
import { brokerDayOf, DAY_US } from './grid.ts';
import { indexStreams, type StreamIndex } from './missing.ts';
import type { Planned, PlanInput } from './plan-input.ts';

type SpecJob = Extract<PlannedJob, { name: 'symbol_specs' }>;
type AuditJob = Extract<PlannedJob, { name: 'audit' }>;
type QualityJob = Extract<PlannedJob, { name: 'daily_quality' }>;

/** Older days are not compared. */
const COMPARED_DAYS = 35;
/** Wait after the end of a day before comparing it. */
const SETTLED_US = 1_800_000_000;

export function planSpecs(input: PlanInput): Planned<SpecJob>[] {
  const { account, feed } = input;
  if (feed === null) return [];
  const symbols = new Set(input.streams.flatMap(({ symbol }) => (symbol === null ? [] : [symbol])));
  return [...symbols].flatMap((symbol) => {
    const doneKey = `specs ${symbol}`;
    if (input.symbolsWithSpec.has(symbol) && input.doneToday.has(doneKey)) return [];
    return [{ job: { name: 'symbol_specs', payload: { account, feed, symbol } }, doneKeys: [doneKey] }];
  });
}

/** Reported back once the audit is in the queue. */
export const AUDIT_KEY = 'audit';

export function planAudit({ account, auditUs, feed }: PlanInput): Planned<AuditJob>[] {
  if (auditUs === null) return [];
  return [{ job: { name: 'audit', payload: { account, feed, asOfUs: auditUs } }, doneKeys: [AUDIT_KEY] }];
}

export function* planQuality(
  input: PlanInput,
  index: StreamIndex = indexStreams(input),
): Generator<Planned<QualityJob>> {
  const { account, feed } = input;
  if (feed === null) return;
  const dayAt = brokerDayOf(input.rule);
  const days: Range[] = [];
  let day = dayAt(input.nowUs);
  while (days.length < COMPARED_DAYS && day.fromUs > 0) {
    day = dayAt(day.fromUs - 1);
    if (day.toUs + SETTLED_US <= input.nowUs) days.push(day);
  }
  const ticks = input.streams.filter(({ stream }) => stream === 'ticks');
  for (const range of days) {
    for (const { symbol, sinceUs } of ticks) {
      if (symbol === null || range.toUs - DAY_US / 24 < sinceUs) continue;
      const doneKey = `quality ${symbol} ${range.fromUs}`;
      if (input.comparedDays.has(`${symbol} ${range.fromUs}`) || input.doneToday.has(doneKey)) continue;
      const claimed = index.claimed.get(streamId({ stream: 'bars', symbol, timeframe: 'M1' })) ?? [];
      if (!claimed.some(({ fromUs, toUs }) => fromUs <= range.fromUs && toUs >= range.toUs)) continue;
      yield {
        job: { name: 'daily_quality', payload: { account, feed, symbol, ...range } },
        doneKeys: [doneKey],
      };
    }
  }
}
