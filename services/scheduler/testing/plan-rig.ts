// Shared by tests of the plan: the input of an account with nothing stored, streams and claims for it, and the jobs of its plan.
import { brokerMs, closedUntil, parseClockRule, type Range, streamId, utcMs } from '@fxtape/market';
import { DAY_US } from '../src/plan/grid.ts';
import type { HistoryJob } from '../src/plan/history-jobs.ts';
import { planAccount } from '../src/plan/plan-account.ts';
import type { Claimed, ConfiguredSince, PlanInput } from '../src/plan/plan-input.ts';

export const rule = parseClockRule('America/New_York+7h');
export const NOW = Date.UTC(2026, 5, 24, 12, 30, 20) * 1000;
export const DAY_MS = 86_400_000;
export const HOUR = 3_600_000_000;

export const input = (o: Partial<PlanInput> = {}): PlanInput => ({
  account: 'icm',
  feed: 'icm',
  nowUs: NOW,
  wallUs: NOW,
  rule,
  clockJob: null,
  awaitsClock: false,
  backfill: { bars: { M1: 30 * DAY_MS, D1: 'all' }, ticks: 7 * DAY_MS, deals: 'all' },
  streamed: ['M1', 'D1'],
  streams: [bars('EURUSD', 'M1')],
  coverage: [],
  ticksOffered: true,
  tickTimes: new Map(),
  earliest: new Map(),
  looksDue: new Map(),
  unshown: { deals: [], positions: [] },
  refusals: [],
  gaps: [],
  doneToday: new Set(),
  symbolsWithSpec: new Set(['EURUSD']),
  sessions: new Map(),
  auditUs: null,
  comparedDays: new Set(),
  ...o,
});
export const SINCE = NOW - 10 * DAY_US;
export const bars = (symbol: string, timeframe: string, sinceUs = SINCE): ConfiguredSince => ({
  stream: 'bars',
  symbol,
  timeframe,
  sinceUs,
});
export const ofAccount = (stream: 'deals' | 'positions'): ConfiguredSince => ({
  stream,
  symbol: null,
  timeframe: null,
  sinceUs: SINCE,
});
export const claim = (key: ConfiguredSince, fromUs: number, toUs: number, source = 'history'): Claimed => ({
  stream: key.stream,
  symbol: key.symbol,
  timeframe: key.timeframe,
  fromUs,
  toUs,
  source,
});
export const historyOf = (o: PlanInput): HistoryJob[] => [...planAccount(o).history].map(({ job }) => job);
export const rangeOf = (job: HistoryJob): Range => ({ fromUs: job.payload.fromUs, toUs: job.payload.toUs });
export const keyOf = (job: HistoryJob): string =>
  streamId({
    stream: job.name,
    symbol: 'symbol' in job.payload ? job.payload.symbol : null,
    timeframe: 'timeframe' in job.payload ? job.payload.timeframe : null,
  });
export const endOf = (timeframe: string): number =>
  closedUntil(timeframe, brokerMs(rule.toBroker(utcMs(NOW / 1000))), rule);
