// The plan of one account, in the order of its value: what belongs to a symbol once, trades that history has not shown, gaps, re-reads, history; inside each the newest first
// and every stream in its turn. In: the plan's input. Out: the jobs of each kind, those of history made as they are read, and what is
// missing in numbers. Pure: the same input gives the same plan.
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
  /** To be read once. */
  readonly history: Iterable<Planned<HistoryJob>>;
  /** Marks of what needs no re-read today. */
  readonly firstReads: readonly string[];
  readonly missing: readonly MissingCount[];
  /** When this plan was carried out, there is more to plan at once. */
  readonly searching: boolean;
  readonly needs: readonly StreamNeed[];
}

export function planAccount(input: PlanInput): AccountPlan {
  const housekeeping = [
    ...(input.clockJob === null ? [] : [{ job: input.clockJob, marks: [] }]),
    ...planSpecs(input),
  ];
  if (input.awaitsClock) {
    const nothing = { gaps: [], rereads: [], history: [], firstReads: [], missing: [], needs: [] };
    return { ...nothing, housekeeping, searching: true };
  }
  const index = indexStreams(input);
  const wanted = input.streams.flatMap((key) => needOf(key, input, index) ?? []).toSorted(inTurn);
  // What a bridge does not offer is nothing that is missing.
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

const PROBE_MARK = 'past ticks offered';

/** Once a day the newest of the ticks that nobody offers are asked for: a bridge may be updated. */
function planTickProbe(input: PlanInput, wanted: readonly StreamNeed[]): Planned<PlannedJob>[] {
  if (input.ticksOffered || input.doneToday.has(PROBE_MARK)) return [];
  const need = wanted.find(({ key, missing }) => key.stream === 'ticks' && missing.length > 0);
  if (need === undefined) return [];
  const [first] = jobsOf(input, need, 'history');
  return first === undefined ? [] : [{ job: first.job, marks: [PROBE_MARK] }];
}

/** All symbols of one timeframe before the next one: the finest first. */
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
