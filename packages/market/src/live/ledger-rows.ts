// Notes of the ledger as rows of `gap_events` and `coverage`: bounds become UTC by the clock rule of their stretch of tape. Ids, bounds and
// times depend on the tape alone, so every reading gives equal rows.

import { boundUtcUs, roughUs, type Bound } from './bound.ts';
import { type ClockSpan, ruleAt, spanAt } from '../time/clock-span.ts';
import type { Rulings } from './ruling.ts';
import type { CoverageNote, GapNote } from './ledger-notes.ts';
import { isOfAccount } from '../tables/kinds.ts';
import type { CoverageRow, GapEventRow } from '../tables/tables.ts';
import { subtract } from '../time/ranges.ts';
import type { StreamKey } from '../tables/stream-key.ts';

export interface LedgerRowContext {
  readonly account: string;
  readonly feed: string | null;
  readonly spans: readonly ClockSpan[];
  readonly rulings: Rulings;
}

const utcOf = (bound: Bound, spans: readonly ClockSpan[]): number =>
  boundUtcUs(bound, (recvUs) => {
    const rule = ruleAt(spans, recvUs);
    if (rule === null) throw new Error('a bound of the broker’s clock, and no clock rule on the tape');
    return rule;
  });

const keyColumns = (key: StreamKey, context: LedgerRowContext) => ({
  account: context.account,
  feed: isOfAccount(key.stream) ? null : context.feed,
  symbol: key.symbol,
  stream: key.stream,
  timeframe: key.timeframe,
});

export const gapEventRow = (note: GapNote, context: LedgerRowContext): GapEventRow => ({
  ts: note.tsRecv,
  gap_id: note.gap.id,
  writer: 'collector',
  outage_id: note.gap.outageId,
  ...keyColumns(note.key, note.feed === undefined ? context : { ...context, feed: note.feed }),
  event: note.event,
  ts_from: utcOf(boundOutside(note.gap.from, context.rulings, 'from'), context.spans),
  ts_to: note.to === null ? null : utcOf(boundOutside(note.to, context.rulings, 'to'), context.spans),
  cause: note.gap.cause,
  state: 'open',
  rows_healed: null,
  missing_estimate: note.gap.missing,
  evidence: note.gap.evidence,
});

/** None when the range is empty: its stream lived shorter than the margins. Stretches that were set aside are cut out of it. */
export const coverageRows = (note: CoverageNote, context: LedgerRowContext): CoverageRow[] => {
  const { rulings, spans } = context;
  const from = boundOutside(note.from, rulings, 'to');
  const row = coverageRow({ ...note, from, to: boundOutside(note.to, rulings, 'from') }, context);
  if (row === null) return [];
  const holes = rulings.list.flatMap((ruling) =>
    ruling.kind === 'set_aside' ? [{ fromUs: utcOf(ruling.from, spans), toUs: utcOf(ruling.to, spans) }] : [],
  );
  return subtract([{ fromUs: row.ts, toUs: row.ts_to }], holes).map(({ fromUs, toUs }) => ({
    ...row,
    ts: fromUs,
    ts_to: toUs,
  }));
};

/** A heartbeat that contradicted its rule bounds nothing: the stretch that it was set aside with does. */
const boundOutside = (bound: Bound, rulings: Rulings, side: 'from' | 'to'): Bound => {
  if (rulings.list.length === 0 || 'utcUs' in bound) return bound;
  if ('at' in bound) return rulings.setAsideAt(bound.at.recvUs)?.[side] ?? bound;
  const outside = (each: Bound): Bound => boundOutside(each, rulings, side);
  return 'earliest' in bound
    ? { earliest: bound.earliest.map(outside) }
    : { latest: bound.latest.map(outside) };
};

const coverageRow = (note: CoverageNote, context: LedgerRowContext): CoverageRow | null => {
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
