// The plan of one account, most valuable work first: housekeeping, trades that history has not shown, gaps, re-reads, history; within each the
// newest first. In: the plan's input. Out: the jobs of each kind (history lazily), and what is missing in numbers. Pure: the same input
// gives the same plan.
import type { PlannedJob } from '@fxtape/jobs';
import { type HistoryJob, jobsOf } from './history-jobs.ts';
import { planHeals } from './heals.ts';
import { planAudit, planQuality, planSpecs } from './housekeeping.ts';
import { indexStreams, needOf, type StreamNeed } from './missing.ts';
import { newestFirst } from './newest-first.ts';
import type { Planned, PlanInput } from './plan-input.ts';
import { planRereads } from './rereads.ts';
import { planUnshown } from './unshown.ts';

export interface MissingCount {
  readonly stream: string;
  readonly ranges: number;
  readonly seconds: number;
}

export interface AccountPlan {
  readonly housekeeping: readonly Planned<PlannedJob>[];
  readonly gaps: readonly Planned<PlannedJob>[];
  readonly rereads: readonly Planned<PlannedJob>[];
  /** Lazy: can be iterated once. */
  readonly history: Iterable<Planned<HistoryJob>>;
  /** Done keys of streams that need no re-read today. */
  readonly firstReads: readonly string[];
  readonly missing: readonly MissingCount[];
  /** Plan again as soon as this plan is done. */
  readonly searching: boolean;
  readonly needs: readonly StreamNeed[];
}

export function planAccount(input: PlanInput): AccountPlan {
  const housekeeping = [
    ...(input.clockJob === null ? [] : [{ job: input.clockJob, doneKeys: [] }]),
    ...planSpecs(input),
  ];
  if (input.awaitsClock) {
    const nothing = { gaps: [], rereads: [], history: [], firstReads: [], missing: [], needs: [] };
    return { ...nothing, housekeeping, searching: true };
  }
  const index = indexStreams(input);
  const wanted = input.streams.flatMap((key) => needOf(key, input, index) ?? []).toSorted(inTurn);
  // Ticks that the bridge does not offer are not missing.
  const needs = input.ticksOffered ? wanted : wanted.filter(({ key }) => key.stream !== 'ticks');
  const { jobs, firstReads } = planRereads(input, needs);
  return {
    housekeeping: [
      ...housekeeping,
      ...planUnshown(input, index),
      ...planAudit(input),
      ...planTickProbe(input, wanted),
    ],
    gaps: planHeals(input),
    rereads: [...jobs, ...planQuality(input, index)],
    history: newestFirst(
      needs.map((need) => jobsOf(input, need, 'history')),
      ({ job }) => job.payload,
    ),
    firstReads,
    missing: count(needs),
    searching: needs.some((need) => need.searching && need.missing.length > 0),
    needs,
  };
}

const PROBE_KEY = 'past ticks offered';

/** Requests ticks once a day although the bridge did not offer any, because a bridge may be updated. */
function planTickProbe(input: PlanInput, wanted: readonly StreamNeed[]): Planned<PlannedJob>[] {
  if (input.ticksOffered || input.doneToday.has(PROBE_KEY)) return [];
  const need = wanted.find(({ key, missing }) => key.stream === 'ticks' && missing.length > 0);
  if (need === undefined) return [];
  const [first] = jobsOf(input, need, 'history');
  return first === undefined ? [] : [{ job: first.job, doneKeys: [PROBE_KEY] }];
}

/** The finest timeframe first, with all its symbols. */
const inTurn = (a: StreamNeed, b: StreamNeed): number => {
  const cell = (need: StreamNeed) => {
    const { fromUs, toUs } = need.cellOf(need.wanted.toUs);
    return toUs - fromUs;
  };
  return cell(a) - cell(b);
};

function count(needs: readonly StreamNeed[]): MissingCount[] {
  return [...Map.groupBy(needs, (need) => need.key.stream)].map(([stream, of]) => {
    const ranges = of.flatMap((need) => need.missing);
    const us = ranges.reduce((sum, { fromUs, toUs }) => sum + toUs - fromUs, 0);
    return { stream, ranges: ranges.length, seconds: Math.round(us / 1e6) };
  });
}
