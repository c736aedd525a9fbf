// A gap that can be healed: open, with both bounds, of a known stream. In: the gap's current row. Out: the same row, fully typed; null if its end is not
// known yet or its state is final.
import { LEFT_OUT, type Range } from '@fxtape/market';
import type { GapRow } from '@fxtape/questdb';

export interface OpenGap extends Range {
  readonly id: string;
  readonly outageId: string;
  readonly account: string;
  readonly feed: string | null;
  /** Null = all symbols of the stream. */
  readonly symbol: string | null;
  readonly stream: string;
  readonly timeframe: string | null;
  readonly cause: string;
  readonly evidence: string | null;
  /** Rows that are known or guessed to be missing, by whoever wrote the newest event; null: not known. */
  readonly missingEstimate: number | null;
  /** `ts` of its newest event, UTC microseconds. */
  readonly updatedUs: number;
}

export function openGap(row: GapRow | undefined): OpenGap | null {
  if (row === undefined || row.state !== 'open') return null;
  const { account, stream, ts_from: fromUs, ts_to: toUs } = row;
  if (account === null || stream === null || fromUs === null || toUs === null || fromUs >= toUs) return null;
  return {
    id: row.gap_id,
    outageId: row.outage_id ?? row.gap_id,
    account,
    feed: row.feed,
    symbol: row.symbol,
    stream,
    timeframe: row.timeframe,
    cause: row.cause ?? 'unknown',
    evidence: row.evidence,
    missingEstimate: row.missing_estimate,
    updatedUs: row.ts_updated,
    fromUs,
    toUs,
  };
}

/** How many rows the gap lacks, where each one was seen and left out; null: nobody counted. */
export const countedMissing = ({ evidence, missingEstimate }: OpenGap): number | null =>
  evidence === LEFT_OUT ? missingEstimate : null;

/** A gap of one symbol: itself, or a part of a gap of all symbols. */
export interface SymbolGap extends OpenGap {
  readonly feed: string;
  readonly symbol: string;
}

/** @throws RangeError for a gap of a stream that has no feed. */
export function ofSymbol(gap: OpenGap, feed: string | null, symbol: string): SymbolGap {
  const named = gap.feed ?? feed;
  if (named === null) throw new RangeError(`gap ${gap.id} has no feed`);
  return { ...gap, feed: named, symbol };
}
