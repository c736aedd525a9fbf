// What is written about the beginning of a stream's history, and when it is looked at again: whoever was believed once may have been a
// terminal that had not loaded everything. In: the evidence of a row of `history_limits`. Out: what it says, and the next look.

import { DAY_US } from '../time/units.ts';

export interface LimitEvidence {
  /** `none`: the gateway has no row of this stream at all. */
  readonly rows: 'none' | 'after';
  /** How often the same was found; 0: an earlier finding was contradicted, so the coverage based on it is read again now. */
  readonly checks: number;
}

/** As `LimitEvidence`; what an older release wrote was looked at once. */
export function limitEvidence(text: string | null | undefined): LimitEvidence {
  const found = parsed(text ?? '');
  // Saved under this name.
  const checks = found?.looks;
  return {
    rows: found?.rows === 'none' ? 'none' : 'after',
    checks: typeof checks === 'number' && checks >= 0 ? Math.trunc(checks) : 1,
  };
}

function parsed(text: string): { readonly rows?: unknown; readonly looks?: unknown } | null {
  try {
    return JSON.parse(text) as ReturnType<typeof parsed>;
  } catch {
    // Words, or nothing: it says no more than its row.
    return null;
  }
}

/** Waits before the next look, by how many there were: at once, a day, a week. */
const WAITS_US = [0, DAY_US, 7 * DAY_US] as const;

/** When the beginning is to be looked at again, UTC microseconds; null: it was found often enough. */
export function nextCheckUs(row: { readonly ts: number; readonly evidence?: string | null }): number | null {
  const wait = WAITS_US[limitEvidence(row.evidence).checks];
  return wait === undefined ? null : row.ts + wait;
}
