// Rows of `gap_events` for gaps that reading history opens, and for their end. In: a stream, a range, the cause. Out: rows with all facts of the gap.
// The id is made from the stream and the range, so a repeated problem is one gap, in whichever process.
import { type HistoryCause, historyGapId, type Range, type RowInput } from '@fxtape/market';
import type { GapRow, StreamKeyOf } from '@fxtape/questdb';
import type { Stamps } from '../context/parts.ts';

export const openedGap = (
  stamps: Stamps,
  of: { key: StreamKeyOf; range: Range; cause: HistoryCause; evidence: object; afterUs?: number },
): RowInput<'gap_events'> => {
  const id = historyGapId(of.key, of.range, of.cause);
  return {
    ts: stamps.next('gap_events', of.afterUs ?? 0),
    gap_id: id,
    writer: 'backfill',
    outage_id: id,
    ...of.key,
    event: 'opened',
    ts_from: of.range.fromUs,
    ts_to: of.range.toUs,
    cause: of.cause,
    state: 'open',
    rows_healed: null,
    missing_estimate: null,
    evidence: JSON.stringify(of.evidence),
  };
};

/** The same gap in another state. Its row is newer than everything known about the gap. */
export const gapInState = (
  stamps: Stamps,
  gap: GapRow,
  state: { state: 'healed' | 'open'; rowsHealed: number | null; evidence: object },
): RowInput<'gap_events'> => ({
  ts: stamps.next('gap_events', gap.ts_updated),
  gap_id: gap.gap_id,
  writer: 'backfill',
  outage_id: gap.outage_id,
  account: gap.account,
  feed: gap.feed,
  symbol: gap.symbol,
  stream: gap.stream,
  timeframe: gap.timeframe,
  event: 'state',
  ts_from: gap.ts_from,
  ts_to: gap.ts_to,
  cause: gap.cause,
  state: state.state,
  rows_healed: state.rowsHealed,
  missing_estimate: gap.missing_estimate,
  evidence: JSON.stringify(state.evidence),
});
