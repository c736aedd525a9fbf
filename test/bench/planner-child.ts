// Plans a whole installation once. In: a JSON argument. Out: one line of JSON: the time for the whole plan and for the first jobs as the scheduler takes
// them, and the peak memory of the process.
import { TIMEFRAMES } from '@fxtape/config';
import { parseClockRule } from '@fxtape/market';
import {
  type Claimed,
  type ConfiguredSince,
  type EndedGap,
  planAccount,
  type PlanInput,
  PlanTaker,
} from '@fxtape/scheduler';

export interface PlannerRun {
  readonly accounts: number;
  readonly symbols: number;
  readonly years: number;
  readonly gaps: number;
  /** Of each stream. */
  readonly holes: number;
  readonly scene: 'empty' | 'holes' | 'whole';
}

export interface PlannerResult {
  readonly jobs: number;
  readonly wholeMs: number;
  readonly firstMs: number;
  readonly peakMb: number;
}

const NOW = Date.UTC(2026, 5, 24, 12, 30) * 1000;
const DAY_US = 86_400_000_000;
const HOUR_US = DAY_US / 24;
const QUEUE_JOBS = 300;
const NOTHING = { housekeeping: 0, gaps: 0, rereads: 0, history: 0 };
const rule = parseClockRule('America/New_York+7h');

const inputOf = (index: number, run: PlannerRun): PlanInput => {
  const account = `account-${index}`;
  const sinceUs = NOW - 30 * DAY_US;
  const depthMs = (run.years * 365 * DAY_US) / 1000;
  const symbols = Array.from({ length: run.symbols }, (_, n) => `SYMBOL${n}`);
  const streams: ConfiguredSince[] = [
    ...(['deals', 'positions'] as const).map((stream) => ({
      stream,
      symbol: null,
      timeframe: null,
      sinceUs,
    })),
    ...symbols.flatMap((symbol) => [
      { stream: 'ticks' as const, symbol, timeframe: null, sinceUs },
      ...TIMEFRAMES.map((timeframe) => ({ stream: 'bars' as const, symbol, timeframe, sinceUs })),
    ]),
  ];
  const coverage = run.scene === 'empty' ? [] : streams.flatMap((key, n) => claimedOf(key, n, run));
  const gaps = Array.from({ length: run.gaps / run.accounts }, (_, n): EndedGap => {
    const fromUs = NOW - ((n * 7919) % 1800) * DAY_US - n * 60_000_000;
    const symbol = symbols[n % symbols.length] ?? null;
    const gapId = `${account}-${n}`;
    const range = { fromUs, toUs: fromUs + 120_000_000 };
    return { gapId, stream: 'ticks', feed: account, symbol, timeframe: null, cause: 'disconnect', ...range };
  });
  return {
    account,
    feed: account,
    nowUs: NOW,
    wallUs: NOW,
    rule,
    clockJob: null,
    awaitsClock: false,
    backfill: {
      bars: Object.fromEntries(TIMEFRAMES.map((timeframe) => [timeframe, depthMs])),
      ticks: 7 * 86_400_000,
      deals: depthMs,
    },
    streamed: ['M1'],
    streams,
    coverage,
    ticksOffered: true,
    tickTimes: new Map(),
    earliest: new Map(),
    looksDue: new Map(),
    unshown: { deals: [], positions: [] },
    refusals: [],
    gaps,
    doneToday: new Set(),
    symbolsWithSpec: new Set(),
    sessions: new Map(),
    auditUs: null,
    comparedDays: new Set(),
  };
};

const claimedOf = ({ stream, symbol, timeframe }: ConfiguredSince, n: number, run: PlannerRun): Claimed[] => {
  const key = { stream, symbol, timeframe, source: stream === 'ticks' ? 'live' : 'history' };
  const holes = run.scene === 'whole' ? 0 : run.holes;
  const borders = Array.from({ length: holes }, (_, i) => NOW - (((i + 1) * 211 + n) % 1700) * DAY_US);
  let fromUs = 0;
  const ranges = borders
    .toSorted((a, b) => a - b)
    .map((at): Claimed => {
      const range = { ...key, fromUs, toUs: at };
      fromUs = at + 6 * HOUR_US;
      return range;
    });
  return [...ranges, { ...key, fromUs, toUs: NOW }];
};

const [argument] = process.argv.slice(2);
const run = JSON.parse(argument ?? '{}') as PlannerRun;
const inputs = Array.from({ length: run.accounts }, (_, index) => inputOf(index, run));

let startMs = performance.now();
let jobs = 0;
for (const input of inputs) {
  const plan = planAccount(input);
  jobs += plan.housekeeping.length + plan.gaps.length + plan.rereads.length;
  for (const _ of plan.history) jobs += 1;
}
const wholeMs = performance.now() - startMs;
startMs = performance.now();
for (const input of inputs) new PlanTaker(planAccount(input)).take(QUEUE_JOBS, NOTHING);
const firstMs = performance.now() - startMs;
const peakMb = process.resourceUsage().maxRSS / 1024;
process.stdout.write(`${JSON.stringify({ jobs, wholeMs, firstMs, peakMb } satisfies PlannerResult)}\n`);
