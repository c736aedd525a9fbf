// The recorded beginning of a stream's history, and when to check it again: an early answer may have come from a terminal that had not loaded
// everything. In: a row of `history_limits`. Out: its evidence, and the time of the next check.

import { DAY_US } from '../time/units.ts';

export interface LimitEvidence {
  /** `none`: the gateway has no row of this stream at all. */
  readonly rows: 'none' | 'after';
  /** How many checks found the same beginning. 0: an earlier one was contradicted, and the coverage based on it is read again now. */
  readonly checks: number;
}

/** Reads the evidence of a row. Rows of older releases count as checked once. */
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
    // Plain text, or empty.
    return null;
  }
}

/** How long to wait before the next check, by how many there were: not at all, a day, a week. */
const WAITS_US = [0, DAY_US, 7 * DAY_US] as const;

/** When to check the beginning again, UTC microseconds; null: never. */
export function nextCheckUs(row: { readonly ts: number; readonly evidence?: string | null }): number | null {
  const wait = WAITS_US[limitEvidence(row.evidence).checks];
  return wait === undefined ? null : row.ts + wait;
}
