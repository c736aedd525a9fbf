// The outcome of healing as rows of `gap_events`. In: the gap, and the state proved for a part of it. Out: the gap's row, narrowed to that part, and a
// new open gap (`<gap_id>.r1`, `.r2`) for each rest, in one write:
//
//   gap      [──────────────────────────)  open
//   proved         [────────)              healed
//   rows     [.r1 ─)[ gap_id )[.r2 ─────)  open, healed, open; same cause and outage
//
// Their time must be later than the gap's newest event, so that the view `gaps` shows them.
import { type Range, subtract, type TableRow } from '@fxtape/market';
import type { OpenGap } from './open-gap.ts';

export type FinalState = 'healed' | 'verified_empty' | 'unrecoverable';

export interface GapEnd {
  readonly state: FinalState;
  /** The part for which the state holds; inside the gap. */
  readonly proved: Range;
  readonly rowsHealed: number | null;
  /** How many ticks are missing, as far as the broker's bars show; null: not known. */
  readonly missingEstimate: number | null;
  /** Facts for people and programs; `reason` is a stable word. */
  readonly evidence: { readonly reason: string; readonly [fact: string]: unknown };
}

type GapEvent = TableRow<'gap_events'>;

/** All facts of a gap at a moment, with the changes applied. */
export function gapEvent(gap: OpenGap, ts: number, change: Partial<GapEvent>): GapEvent {
  return {
    ts,
    gap_id: gap.id,
    writer: 'backfill',
    outage_id: gap.outageId,
    account: gap.account,
    feed: gap.feed,
    symbol: gap.symbol,
    stream: gap.stream,
    timeframe: gap.timeframe,
    event: 'state',
    ts_from: gap.fromUs,
    ts_to: gap.toUs,
    cause: gap.cause,
    state: 'open',
    rows_healed: null,
    missing_estimate: null,
    evidence: gap.evidence,
    ...change,
  };
}

/** `ts`: later than the gap's newest event. */
export function endEvents(gap: OpenGap, end: GapEnd, ts: number): GapEvent[] {
  const rests = subtract([gap], [end.proved]);
  return [
    ...rests.map(({ fromUs, toUs }, i) =>
      gapEvent(gap, ts, { gap_id: `${gap.id}.r${i + 1}`, ts_from: fromUs, ts_to: toUs }),
    ),
    gapEvent(gap, ts, {
      ts_from: end.proved.fromUs,
      ts_to: end.proved.toUs,
      state: end.state,
      rows_healed: end.rowsHealed,
      missing_estimate: end.missingEstimate,
      evidence: evidenceText(end.evidence, gap.evidence),
    }),
  ];
}

/** JSON; what was known when the gap began stays readable as `opened`. */
export function evidenceText(facts: object, before: string | null): string {
  const opened = openedEvidence(before);
  return JSON.stringify(opened === null ? facts : { ...facts, opened });
}

function openedEvidence(text: string | null): unknown {
  if (text === null || text === '') return null;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && 'opened' in value) return value.opened;
    return typeof value === 'object' ? value : text;
  } catch {
    return text;
  }
}
