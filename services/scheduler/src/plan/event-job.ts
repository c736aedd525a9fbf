// The job for a streamed bar: reads the bars that are newer than the covered ones, and the last three in any case, because a broker may have
// corrected them. In: the bar's open time. Out: one job. It reaches a minute into the next bar, whose presence in the answer proves that
// the streamed bar is closed.
import type { PlannedJob } from '@fxtape/jobs';
import { type BrokerMs, barEndOf, barOpenOf, brokerMs, type ClockRule, utcMs } from '@fxtape/market';
import { DAY_US, isTimeframe } from './grid.ts';
import { historyJob } from './history-jobs.ts';

export interface StreamedBar {
  readonly symbol: string;
  readonly timeframe: string;
  /** Its open, UTC µs. */
  readonly ts: number;
}

const BARS_AGAIN = 3;
const MINUTE_US = 60_000_000;

/** `claimedToUs`: where the stream's newest claim ended at the last plan. Null: the bar has no known timeframe. */
export function eventJob(
  whose: { account: string; feed: string },
  bar: StreamedBar,
  rule: ClockRule,
  claimedToUs: number | null,
): PlannedJob | null {
  const { symbol, timeframe } = bar;
  if (!isTimeframe(timeframe)) return null;
  const near = { utcMs: bar.ts / 1000 };
  const us = (at: BrokerMs): number => rule.read(at, near).ms * 1000;
  const opened = barOpenOf(timeframe, brokerMs(rule.toBroker(utcMs(Math.floor(bar.ts / 1000)))));
  let first = opened;
  for (let i = 1; i < BARS_AGAIN; i += 1) first = barOpenOf(timeframe, brokerMs(first - 1));
  const window = us(first);
  // A longer hole is left to the plan, which splits it into jobs.
  const head = claimedToUs !== null && claimedToUs < window && window - claimedToUs <= DAY_US;
  const range = {
    fromUs: Math.max(0, head ? claimedToUs : window),
    toUs: Math.max(bar.ts, us(barEndOf(timeframe, opened))) + MINUTE_US,
  };
  return historyJob(whose, { stream: 'bars', symbol, timeframe }, range, 'event');
}
