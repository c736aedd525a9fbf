// What goes into the gap ledger and comes out of it: a line as the ledger reads it, gap events, and coverage.

import type { OpenGap } from './ledger-state.ts';
import type { StreamKey } from '../tables/stream-key.ts';
import type { Bound } from './bound.ts';

/** Evidence of a gap whose missing frames were counted one by one, in the first half minute of a subscription. */
export const LEFT_OUT = 'left out: late snapshots, or ticks like the ones right before them';

/** A gap was opened or ended. `tsRecv` is the line that did it; `to` is null while it is open. */
export interface GapNote {
  readonly event: 'opened' | 'ended';
  readonly tsRecv: number;
  readonly key: StreamKey;
  readonly gap: OpenGap & { readonly from: Bound };
  readonly to: Bound | null;
  /** Where it may be another one than that of the line. */
  readonly feed?: string | null | undefined;
}

/** `[from, to)` of a stream is recorded without a known loss. Claims of one range repeat with a later `to`. */
export interface CoverageNote {
  readonly key: StreamKey;
  readonly rangeId: string;
  readonly from: Bound;
  readonly to: Bound;
  readonly rows: number;
}

export interface LedgerNotes {
  readonly gaps: GapNote[];
  readonly coverage: CoverageNote[];
}

/** One line of the tape as the ledger reads it, beside the decoded frame. Exactly one of `event` and the frame is there. */
export interface LedgerLine {
  readonly tsRecv: number;
  readonly conn: number;
  readonly mark: string | null;
  /** A word of `TapeEvent`, or one that the ledger does not read. */
  readonly event: string | null;
  readonly data: unknown;
}
