// Trades that are known by number but missing from history, although their time is claimed: streamed deals, and positions that a deal closed.
// Times that are not claimed are missing ranges anyway, and trades of the last minutes may still appear. In: the plan's input. Out: one job
// that looks for all of them.
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
  return [{ job: { name: 'reconcile', payload }, doneKeys: [] }];
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
