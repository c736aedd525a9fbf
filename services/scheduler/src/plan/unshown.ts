// Trades that are known by their number and that history has not shown, although their time is claimed: streamed deals, and positions that a
// deal has closed. What is not claimed yet is read as what it is, a missing range; what is a moment old is waited for. In: the plan's
// input. Out: one job that looks for all of them.
import type { PlannedJob } from '@fxtape/jobs';
import { streamId } from '@fxtape/market';
import { indexStreams, type StreamIndex } from './missing.ts';
import type { Planned, PlanInput, Unshown } from './plan-input.ts';

type ReconcileJob = Extract<PlannedJob, { name: 'reconcile' }>;

const YOUNG_US = 180_000_000;

export function planUnshown(
  input: PlanInput,
  index: StreamIndex = indexStreams(input),
): Planned<ReconcileJob>[] {
  const [deals, positions] = (['deals', 'positions'] as const).map((stream) =>
    input.unshown[stream].filter(isClaimed(index, stream, input.nowUs)),
  ) as [Unshown[], Unshown[]];
  const times = [...deals, ...positions].map(({ atUs }) => atUs);
  if (times.length === 0) return [];
  const idsOf = (of: readonly Unshown[]): string[] => of.map(({ id }) => id);
  const payload = {
    account: input.account,
    fromUs: Math.min(...times),
    toUs: Math.max(...times) + 1,
    dealIds: idsOf(deals),
    positionIds: idsOf(positions),
  };
  return [{ job: { name: 'reconcile', payload }, marks: [] }];
}

const isClaimed = (
  { claimed }: StreamIndex,
  stream: 'deals' | 'positions',
  nowUs: number,
): ((of: Unshown) => boolean) => {
  const ranges = claimed.get(streamId({ stream, symbol: null, timeframe: null })) ?? [];
  return ({ atUs }) =>
    atUs < nowUs - YOUNG_US && ranges.some(({ fromUs, toUs }) => fromUs <= atUs && atUs < toUs);
};
