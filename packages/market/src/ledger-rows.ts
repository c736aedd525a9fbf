// Notes of the ledger as rows of `gap_events` and `coverage`: bounds become UTC under the clock rule of the stretch of
// tape they come from. The ids, bounds and times are functions of the tape, so a second reading gives equal rows.

import { boundUtcUs, roughUs } from './bound.ts';
import { type ClockSpan, ruleAt, spanAt } from './clock/clock-span.ts';
import type { CoverageNote, GapNote } from './ledger-notes.ts';
import type { Bound } from './ledger-state.ts';
import type { CoverageRow, GapEventRow } from './records.ts';
import type { StreamKey } from './stream-key.ts';

export interface LedgerRowContext {
  readonly account: string;
  readonly feed: string | null;
  readonly spans: readonly ClockSpan[];
}

const MARKET_DATA = new Set(['ticks', 'bars']);

const utcOf = (bound: Bound, spans: readonly ClockSpan[]): number =>
  boundUtcUs(bound, (recvUs) => {
    const rule = ruleAt(spans, recvUs);
    if (rule === null) throw new Error('a bound of the broker’s clock, and no clock rule on the tape');
    return rule;
  });

const keyColumns = (key: StreamKey, context: LedgerRowContext) => ({
  account: context.account,
  feed: MARKET_DATA.has(key.stream) ? context.feed : null,
  symbol: key.symbol,
  stream: key.stream,
  timeframe: key.timeframe,
});

export const gapEventRow = (note: GapNote, context: LedgerRowContext): GapEventRow => ({
  ts: note.tsRecv,
  gap_id: note.gap.id,
  writer: 'collector',
  outage_id: note.gap.outageId,
  ...keyColumns(note.key, context),
  event: note.event,
  ts_from: utcOf(note.gap.from, context.spans),
  ts_to: note.to === null ? null : utcOf(note.to, context.spans),
  cause: note.gap.cause,
  state: 'open',
  rows_healed: null,
  missing_estimate: note.gap.missing,
  evidence: note.gap.evidence,
});

/** Null when the range is empty: its stream lived shorter than the margins. */
export const coverageRow = (note: CoverageNote, context: LedgerRowContext): CoverageRow | null => {
  const ts = utcOf(note.from, context.spans);
  const tsTo = utcOf(note.to, context.spans);
  if (tsTo <= ts) return null;
  const span = 'utcUs' in note.from ? null : spanAt(context.spans, roughUs(note.from));
  return {
    ts,
    ...keyColumns(note.key, context),
    range_id: note.rangeId,
    ts_to: tsTo,
    source: 'live',
    rows: note.rows,
    rule_id: span?.rule ?? '',
  };
};
