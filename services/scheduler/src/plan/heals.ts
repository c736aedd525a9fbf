// Heal jobs for open gaps that have ended. In: the plan's input. Out: one job per gap, newest day first, with the gaps of one symbol and broker
// day together, because one download may serve them all. Refused history is not healed: it is a missing range, and is requested again as
// such.
import type { PlannedJob } from '@fxtape/jobs';
import { isStreamKind } from '@fxtape/market';
import { brokerDayOf, isTimeframe } from './grid.ts';
import type { EndedGap, Planned, PlanInput } from './plan-input.ts';

type HealJob = Extract<PlannedJob, { name: 'heal' }>;
type HealStream = HealJob['payload']['stream'];

export function planHeals(input: PlanInput): Planned<HealJob>[] {
  const dayOf = brokerDayOf(input.rule);
  const healable = input.gaps.filter(isHealable).map((gap) => ({ gap, day: dayOf(gap.fromUs).fromUs }));
  const sorted = healable.toSorted(
    (a, b) =>
      b.day - a.day ||
      compare(a.gap.symbol ?? '', b.gap.symbol ?? '') ||
      b.gap.toUs - a.gap.toUs ||
      compare(a.gap.gapId, b.gap.gapId),
  );
  return sorted.map(({ gap }) => ({ job: healJob(input.account, gap), doneKeys: [] }));
}

/** An invalid row in `gap_events`, such as one written by hand, must not stop the whole plan. */
const isHealable = (gap: EndedGap): boolean =>
  gap.cause !== 'refused' && gap.fromUs < gap.toUs && gap.fromUs >= 0 && isStreamKind(gap.stream);

const healJob = (account: string, gap: EndedGap): HealJob => ({
  name: 'heal',
  payload: {
    account,
    gapId: gap.gapId,
    stream: gap.stream as HealStream,
    feed: gap.feed,
    symbol: gap.symbol,
    timeframe: isTimeframe(gap.timeframe) ? gap.timeframe : null,
    fromUs: gap.fromUs,
    toUs: gap.toUs,
  },
});

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
