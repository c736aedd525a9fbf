// Turns the missing ranges of a stream into jobs `[fromUs, toUs)`: one per cell, newest first, created lazily.
import type { PlannedJob, Why } from '@fxtape/jobs';
import { type Range, type StreamKey } from '@fxtape/market';
import { isTimeframe, piecesOf } from './grid.ts';
import { retryKey, type StreamNeed } from './missing.ts';
import type { Planned } from './plan-input.ts';

export type HistoryJob = Extract<PlannedJob, { name: 'bars' | 'deals' | 'positions' | 'ticks' }>;

export interface Whose {
  readonly account: string;
  readonly feed: string | null;
}

/** Null: the stream has no history, or it is market data and the account has no feed. */
export function historyJob(whose: Whose, key: StreamKey, range: Range, why: Why): HistoryJob | null {
  const { account, feed } = whose;
  const { fromUs, toUs } = range;
  const { stream, symbol, timeframe } = key;
  if (stream === 'deals' || stream === 'positions') {
    return { name: stream, payload: { account, fromUs, toUs, why } };
  }
  if (feed === null || symbol === null) return null;
  if (stream === 'ticks') {
    return { name: 'ticks', payload: { account, feed, symbol, fromUs, toUs, gapIds: [], why } };
  }
  if (stream !== 'bars' || !isTimeframe(timeframe)) return null;
  return { name: 'bars', payload: { account, feed, symbol, timeframe, fromUs, toUs, why } };
}

export function* jobsOf(whose: Whose, need: StreamNeed, why: Why): Generator<Planned<HistoryJob>> {
  for (const piece of piecesOf(need.missing, need.cellOf)) {
    const job = historyJob(whose, need.key, piece, why);
    if (job === null) return;
    const tried = need.retried.filter(({ fromUs, toUs }) => fromUs < piece.toUs && toUs > piece.fromUs);
    const doneKeys = tried.map(retryKey);
    yield { job, doneKeys };
  }
}
